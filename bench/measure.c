/* SPDX-License-Identifier: MIT
** measure.c - runs a command and says what it cost.
**   measure CPU COMMAND...    on one processor, or on any when CPU is -1
**   measure spin CPU          keeps a processor awake at idle priority, which
**                             takes the noise of waking it out of the rest
** Prints one line on stdout: milliseconds to the first byte of the command's
** output, wall and CPU microseconds, peak KiB, exit status; then the output.
** Owns nothing of the project; run by bench/run.lua only.
*/
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>


static double now (void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}


static double micro (const struct timeval *t) {
  return (double)t->tv_sec * 1e6 + (double)t->tv_usec;
}


static void pin (int cpu) {
  cpu_set_t set;
  if (cpu < 0)
    return;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}


static int spin (int cpu) {
  struct sched_param p;
  pid_t parent = getppid();
  memset(&p, 0, sizeof p);
  pin(cpu);
  if (sched_setscheduler(0, SCHED_IDLE, &p) != 0)
    return 1;
  for (;;) {
    volatile long i;
    for (i = 0; i < 10000000; i++)
      ;
    if (getppid() != parent)
      return 0;
  }
}


int main (int argc, char **argv) {
  static char text[4096];
  volatile size_t got = 0;
  volatile double first = -1;
  double start, end;
  struct rusage use;
  int out[2], status;
  pid_t pid;
  if (argc < 3)
    return 2;
  if (strcmp(argv[1], "spin") == 0)
    return spin(atoi(argv[2]));
  if (pipe(out) != 0)
    return 2;
  start = now();
  pid = vfork();
  if (pid == 0) {
    dup2(out[1], 1);
    close(out[0]);
    close(out[1]);
    pin(atoi(argv[1]));
    execvp(argv[2], argv + 2);
    _exit(127);
  }
  close(out[1]);
  for (;;) {
    ssize_t n = read(out[0], text + got, sizeof text - 1 - got);
    if (n <= 0)
      break;
    if (first < 0)
      first = now() - start;
    got += (size_t)n;
  }
  wait4(pid, &status, 0, &use);
  end = now();
  printf("%.3f %.0f %.0f %ld %d\n", first / 1e3, end - start,
         micro(&use.ru_utime) + micro(&use.ru_stime), use.ru_maxrss, status);
  fputs(text, stdout);
  return 0;
}
