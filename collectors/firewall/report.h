#pragma once

struct view;

/* The words of enum inbound, enum socket_family and enum socket_bind in facts, ended by NULL. */
extern const char *const report_inbound_names[];
extern const char *const report_socket_families[];
extern const char *const report_socket_binds[];

/* Sets all facts that rest on what was seen. */
void report_view(struct view *view);
