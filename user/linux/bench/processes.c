/* Processes, threads and signals. */
#include "bench.h"
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static long fork_exit(long count) {
    long start = now();
    for (long i = 0; i < count; i++) {
        pid_t child = fork();
        NEED(child);
        if (child == 0) _exit(0);
        NEED(waitpid(child, NULL, 0));
    }
    return now() - start;
}

static long fork_exec(long count) {
    long start = now();
    for (long i = 0; i < count; i++) {
        pid_t child = fork();
        NEED(child);
        if (child == 0) {
            execl("/proc/self/exe", "bench", "nothing", (char *)0);
            _exit(1);
        }
        int status;
        NEED(waitpid(child, &status, 0));
        if (status != 0) return -ENOEXEC;
    }
    return now() - start;
}

static void *nothing(void *argument) { return argument; }

static long thread(long count) {
    long start = now();
    for (long i = 0; i < count; i++) {
        pthread_t thread;
        int error = pthread_create(&thread, NULL, nothing, NULL);
        if (error) return -error;
        error = pthread_join(thread, NULL);
        if (error) return -error;
    }
    return now() - start;
}

static volatile long delivered;
static void handler(int number) { (void)number; delivered++; }

static long signal_delivery(long count) {
    struct sigaction action = { .sa_handler = handler };
    NEED(sigaction(SIGUSR1, &action, NULL));
    pid_t self = getpid();
    delivered = 0;
    long start = now();
    for (long i = 0; i < count; i++) NEED(kill(self, SIGUSR1));
    long took = now() - start;
    return delivered == count ? took : -EPROTO;
}

const struct row process_rows[] = {
    { "fork_exit", 100, 1, fork_exit },
    { "fork_exec", 50, 1, fork_exec },
    { "thread", 300, 1, thread },
    { "signal", 5000, 1, signal_delivery },
    { 0 },
};
