#pragma once

#include "platform/error.h"

/*
 * The packages give the data folder to a user of its own. What root does to it is done as that
 * user, so that the server can read it afterwards. Nothing happens for anybody but root, or where
 * the folder is root's or is not there.
 */

/* Becomes the owner of the folder, for good. */
int data_owner_become(const char *data_folder, struct error *err);

/* Gives everything in the folder to the folder's owner. */
int data_owner_give(const char *data_folder, struct error *err);
