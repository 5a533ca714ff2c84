/* usage: pingpong [pipe|futex|both] [ROUNDS]
 *
 * A number goes there and back between two processes over pipes, or between two threads over a
 * word and futex(2), ROUNDS times, each end on a CPU of its own where there are two; without arguments
 * 20,000 times each, but not for longer than a few seconds, since a busy host may need a millisecond
 * for each. Every number is checked: none may be lost, doubled or changed. A watchdog that needs
 * nobody's wake-up ends it loudly when no round was finished for a while: then a wake-up was lost. */
#include "check.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

/* Seconds between two looks of the watchdog; a slow host's longest pause must fit twice. */
#define LOOK 30

static volatile long finished;
static long looked = -1, rounds = 20000;
static double limit; /* seconds for each kind; 0 is for ever */
static struct timespec begun;
static pid_t child;

/* A signal of the clock: it comes whether or not anybody is woken. */
static void watch(int signal) {
    (void)signal;
    if (finished == looked) {
        char text[100];
        int length = snprintf(text, sizeof text, "LOST: no round after %ld of %ld\n", finished, rounds);
        if (write(1, text, length) != length) _exit(3);
        if (child > 0) kill(child, SIGKILL);
        _exit(2);
    }
    looked = finished;
}

static int is_over(void) {
    struct timespec now;
    if (limit == 0) return 0;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec - begun.tv_sec + (now.tv_nsec - begun.tv_nsec) / 1e9 > limit;
}

static void start_watch(void) {
    clock_gettime(CLOCK_MONOTONIC, &begun);
    struct itimerval every = { { LOOK, 0 }, { LOOK, 0 } };
    struct sigaction action = { .sa_handler = watch, .sa_flags = SA_RESTART };
    finished = 0;
    looked = -1;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
}

static void pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu % sysconf(_SC_NPROCESSORS_ONLN), &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* Whether all rounds came back as they should. */
static int pipes(void) {
    int there[2], back[2], status;
    uint64_t number;
    if (pipe(there) || pipe(back)) return 0;
    child = fork();
    if (child == 0) {
        setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
        pin(1);
        close(there[1]);
        uint64_t next = 0;
        while (read(there[0], &number, sizeof number) == sizeof number) {
            if (number != next++) _exit(1);
            number = ~number;
            if (write(back[1], &number, sizeof number) != sizeof number) _exit(1);
        }
        _exit(0);
    }
    pin(0);
    close(there[0]);
    close(back[1]);
    long i = 0;
    for (; i < rounds && !is_over(); i++) {
        number = i;
        if (write(there[1], &number, sizeof number) != sizeof number
            || read(back[0], &number, sizeof number) != sizeof number || ~number != (uint64_t)i)
            return 0;
        finished = i + 1;
    }
    close(there[1]);
    close(back[0]);
    waitpid(child, &status, 0);
    child = 0;
    return status == 0 && finished == i;
}

/* Counts the turns: even ones are the first thread's, odd ones the second's. */
static uint32_t turn;

/* A turn that never comes: the time is over. */
#define OVER UINT32_MAX

static long turns(uint32_t mine) {
    for (long i = 0; i < rounds; i++) {
        uint32_t wanted = (uint32_t)i * 2 + mine, seen;
        if (!mine && is_over()) {
            /* The other has answered the last one, or is about to. */
            while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != wanted) sched_yield();
            __atomic_store_n(&turn, OVER, __ATOMIC_RELEASE);
            syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
            return i;
        }
        while ((seen = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) != wanted) {
            if (seen == OVER) return i;
            if (seen != wanted - 1) return -1;
            syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
        }
        __atomic_store_n(&turn, wanted + 1, __ATOMIC_RELEASE);
        syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        if (mine) finished = i + 1;
    }
    return rounds;
}

static void *second(void *unused) {
    (void)unused;
    pin(1);
    return (void *)turns(1);
}

static int futexes(void) {
    pthread_t thread;
    void *others;
    turn = 0;
    if (pthread_create(&thread, NULL, second, NULL)) return 0;
    pin(0);
    long own = turns(0);
    pthread_join(thread, &others);
    return own >= 0 && own == (long)others && own == finished;
}

int main(int argc, char **argv) {
    const char *which = argc > 1 ? argv[1] : "both";
    if (argc > 2) rounds = atol(argv[2]);
    else limit = 8;
    if (strcmp(which, "futex")) {
        start_watch();
        CHECK(pipes());
        CHECK(finished > 0 && (limit > 0 || finished == rounds));
    }
    if (strcmp(which, "pipe")) {
        start_watch();
        CHECK(futexes());
        CHECK(finished > 0 && (limit > 0 || finished == rounds));
    }
    END();
}
