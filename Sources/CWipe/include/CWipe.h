/*
 * Nothing to call: an executable that this is linked into overwrites memory as it is freed, and keeps little of it. See
 * wipe.c.
 */
