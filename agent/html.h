#pragma once

struct text;

/*
 * The one home of HTML escaping. What is added can neither leave the element or the quoted
 * attribute it stands in, nor change the direction or the look of the text around it.
 */

/*
 * Adds text as HTML. Bytes that are no UTF-8 become U+FFFD; control characters, and those that
 * are invisible or turn the direction of reading, become marks that can be seen. Limits nothing:
 * for words of ours.
 */
void html_add(struct text *out, const char *content);

/*
 * The same for a text that a machine, a server or a person elsewhere wrote: within <bdi>, and cut
 * after this many characters with an ellipsis.
 */
#define HTML_OUTSIDE_MAX 200U
void html_add_outside(struct text *out, const char *content);
