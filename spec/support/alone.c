/* SPDX-License-Identifier: MIT
** alone.c - preloaded by tools/asan.sh after the sanitizer's runtime: what a
** process preloads is not for its children, whose leaks are their own.
*/
#include <stdlib.h>

__attribute__((constructor)) static void leave_children_alone (void) {
  unsetenv("LD_PRELOAD");
}
