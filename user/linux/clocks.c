/* Clocks: which there are, that they go forward, what sleeping on them does. */
#include "check.h"
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

int main(void) {
    clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_TAI };
    struct timespec a, b;
    for (int i = 0; i < 9; i++) {
        int wrong = 0;
        clock_gettime(clocks[i], &a);
        for (int k = 0; k < 1000; k++) {
            clock_gettime(clocks[i], &b);
            if (b.tv_sec < a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec < a.tv_nsec) || b.tv_nsec >= 1000000000) wrong++;
            a = b;
        }
        SHOW("clock", "%d %d", clocks[i], wrong);
        CALL(clock_getres(clocks[i], &b));
        if (i < 5) SHOW("resolution", "%ld", b.tv_nsec);
    }
    CALL(clock_gettime(77, &a));
    CALL(clock_settime(CLOCK_MONOTONIC, &a));
    struct timeval day;
    gettimeofday(&day, NULL);
    clock_gettime(CLOCK_REALTIME, &a);
    CHECK(labs((long)(a.tv_sec - day.tv_sec)) <= 1);
    CHECK(labs((long)(a.tv_sec - time(NULL))) <= 1);
    clock_gettime(CLOCK_MONOTONIC, &a);
    a.tv_nsec += 20000000;
    if (a.tv_nsec >= 1000000000) { a.tv_nsec -= 1000000000; a.tv_sec++; }
    SHOW("sleep", "%d", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &a, NULL));
    clock_gettime(CLOCK_MONOTONIC, &b);
    CHECK(b.tv_sec > a.tv_sec || b.tv_nsec >= a.tv_nsec);
    SHOW("refused", "%d", clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &a, NULL));
    a.tv_nsec = -1;
    CALL(nanosleep(&a, NULL));
    struct tms times_now;
    CHECK(times(&times_now) > 0);
    clockid_t other;
    SHOW("cpu clock", "%d", clock_getcpuclockid(0, &other));
    CALL(clock_gettime(other, &a));
    SHOW("cpu clock", "%d", clock_getcpuclockid(999999, &other) != 0);
    END();
}
