/* SPDX-License-Identifier: MIT
** version.h - the one place of the version; the Makefile and the rockspec's
** check read it too.
*/
#ifndef GES_VERSION
#define GES_VERSION "0.1.0"
#endif
