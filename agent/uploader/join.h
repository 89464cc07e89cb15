#pragma once

#include "agent/layout.h"
#include "platform/error.h"

struct text;

/*
 * The network half of enrolment (docs/agent.md): reads {"code","request"} as its parent wrote it,
 * makes the TLS key, asks the server for both certificates, keeps its own, and adds
 * {"root","intermediate","tls","signing"} (PEM) to out. Safe to repeat with the same code.
 */
int join_server(const struct layout *layout, const struct text *input, struct text *out,
                struct error *err);
