/* Signals to threads: whose mask counts, pthread_kill, one takes what is for all. */
#include "check.h"
#include <pthread.h>
#include <signal.h>

static volatile int ready, hits, in_main, done;
static pthread_t main_thread;

static void handler(int signal) {
    (void)signal;
    in_main = pthread_equal(pthread_self(), main_thread);
    hits++;
}

static void *listens(void *unused) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    ready = 1;
    while (!done) usleep(1000);
    return unused;
}

int main(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    signal(SIGUSR1, handler);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    main_thread = pthread_self();
    pthread_t thread;
    pthread_create(&thread, NULL, listens, NULL);
    while (!ready) usleep(1000);
    kill(getpid(), SIGUSR1);
    while (hits < 1) usleep(1000);
    SHOW("process's signal in main", "%d", in_main);
    pthread_kill(thread, SIGUSR1);
    while (hits < 2) usleep(1000);
    SHOW("thread's signal in main", "%d", in_main);
    pthread_kill(main_thread, SIGUSR1);
    sigset_t pending;
    sigpending(&pending);
    SHOW("main's is pending", "%d %d", sigismember(&pending, SIGUSR1), hits);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    SHOW("main took it", "%d %d", in_main, hits);
    done = 1;
    pthread_kill(thread, SIGUSR1);
    pthread_join(thread, NULL);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGUSR2);
    int got = 0;
    CHECK(sigwait(&set, &got) == 0 && got == SIGUSR2);
    END();
}
