/* Resource usage of oneself, of children and threads; processor time that is counted. */
#include "check.h"
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>

int main(void) {
    struct rusage usage;
    volatile unsigned long work = 0;
    struct timespec start, now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    do {
        for (int i = 0; i < 100000; i++) work += i;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 100);
    CALL(getrusage(RUSAGE_SELF, &usage));
    CHECK(usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000 >= 50);
    CHECK(usage.ru_maxrss > 100 && usage.ru_minflt > 10);
    CALL(getrusage(RUSAGE_CHILDREN, &usage));
    /* Who started this may have waited for a child of the same process; Linux counts that in ticks. */
    SHOW("no children", "%ld", (long)usage.ru_utime.tv_sec);
    if (fork() == 0) {
        do {
            for (int i = 0; i < 100000; i++) work += i;
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        } while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < 60);
        _exit(0);
    }
    int status;
    struct rusage child;
    CHECK(wait4(-1, &status, 0, &child) > 0);
    CHECK(child.ru_utime.tv_sec * 1000 + child.ru_utime.tv_usec / 1000 >= 30);
    getrusage(RUSAGE_CHILDREN, &usage);
    CHECK(usage.ru_utime.tv_usec + usage.ru_utime.tv_sec * 1000000 >= child.ru_utime.tv_usec);
    CALL(getrusage(RUSAGE_THREAD, &usage));
    CALL(getrusage(77, &usage));
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1 && sysconf(_SC_PHYS_PAGES) > 1000);
    SHOW("ticks", "%ld", sysconf(_SC_CLK_TCK));
    END();
}
