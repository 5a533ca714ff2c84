/* The C library's clocks agree with the calls, whichever way it asks. */
#include "check.h"
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

static long nanoseconds(struct timespec time) {
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

int main(void) {
    clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE };
    for (int i = 0; i < 6; i++) {
        struct timespec before, middle, after;
        int wrong = 0;
        for (int k = 0; k < 200; k++) {
            syscall(SYS_clock_gettime, clocks[i], &before);
            clock_gettime(clocks[i], &middle);
            syscall(SYS_clock_gettime, clocks[i], &after);
            if (nanoseconds(before) > nanoseconds(middle) || nanoseconds(middle) > nanoseconds(after)) wrong++;
        }
        SHOW("clock", "%d %d", clocks[i], wrong);
    }
    struct timeval day;
    struct timespec now;
    gettimeofday(&day, NULL);
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    long apart = nanoseconds(now) / 1000 - (day.tv_sec * 1000000L + day.tv_usec);
    CHECK(apart >= 0 && apart < 1000000);
    struct timespec resolution;
    CALL(clock_getres(CLOCK_MONOTONIC, &resolution));
    SHOW("resolution", "%ld", resolution.tv_nsec);
    CALL(clock_gettime(12345, &now));
    unsigned cpu, node;
    CALL(syscall(SYS_getcpu, &cpu, &node, NULL));
    END();
}
