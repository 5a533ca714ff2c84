/* What every program here uses: one line a check, so that transcripts of Linux and Scarlet compare.
 *
 * A program that ends with END() is a case of `cargo scarlet test --ring 4` and of `cargo scarlet
 * diff`: it runs without arguments in an empty directory on both kernels, for at most a minute, and
 * output and status have to be the same. It prints what it observes, but nothing that differs from
 * run to run on one kernel (pids, times, addresses). Other programs are only built. */
#ifndef CHECK_H
#define CHECK_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failures;

/* Prints what was found; the transcript is compared with the reference's. */
#define SHOW(what, format, ...) (printf("%s: " format "\n", what, __VA_ARGS__), fflush(stdout))
/* Prints a call's outcome: its result, or the name of its error. */
#define CALL(call) do { errno = 0; long r_ = (long)(call); int e_ = errno; \
    if (r_ == -1) printf("%s = -1 %s\n", #call, strerrorname_np(e_)); \
    else printf("%s = %ld\n", #call, r_); \
    fflush(stdout); } while (0)
/* Like CALL for results that differ from run to run. */
#define OK(call) do { errno = 0; long r_ = (long)(call); int e_ = errno; \
    printf("%s %s\n", #call, r_ == -1 ? strerrorname_np(e_) : "ok"); fflush(stdout); } while (0)
#define CHECK(condition) do { int c_ = !!(condition); if (!c_) failures++; \
    printf("%s: %s\n", c_ ? "true" : "FALSE", #condition); fflush(stdout); } while (0)
#define END() return failures ? 1 : 0
#endif
