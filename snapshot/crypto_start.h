#pragma once

/*
 * Starts libcrypto with only what digests and signatures with P-256 need, and without the system's
 * openssl.cnf (docs/decisions.md says why). For a program that speaks no TLS, before its first use
 * of a key or digest. Ends the program when libcrypto cannot start.
 */
void crypto_start(void);
