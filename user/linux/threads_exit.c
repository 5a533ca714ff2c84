/* Threads end in every order; the leader before the others; a process by any of them. */
#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int total;

static void *adds(void *number) {
    __atomic_add_fetch(&total, 1, __ATOMIC_SEQ_CST);
    return number;
}

static void *outlives(void *unused) {
    usleep(50000);
    exit(7);
    return unused;
}

static void *sleeps(void *unused) {
    for (;;) pause();
    return unused;
}

static void *ends_all(void *unused) {
    usleep(20000);
    _exit(11);
    return unused;
}

static void *executes(void *unused) {
    usleep(20000);
    execl("/bin/busybox", "sh", "-c", "exit 34", NULL);
    return unused;
}

int main(void) {
    pthread_t threads[50];
    long sum = 0;
    for (long i = 0; i < 50; i++) pthread_create(&threads[i], NULL, adds, (void *)i);
    for (int i = 49; i >= 0; i--) { void *result; pthread_join(threads[i], &result); sum += (long)result; }
    SHOW("sum", "%ld %d", sum, total);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        pthread_create(&threads[0], NULL, outlives, NULL);
        pthread_exit(NULL);
    }
    int status;
    waitpid(child, &status, 0);
    SHOW("leader first", "%d", WEXITSTATUS(status));
    child = fork();
    if (child == 0) {
        for (int i = 0; i < 5; i++) pthread_create(&threads[i], NULL, sleeps, NULL);
        pthread_create(&threads[5], NULL, ends_all, NULL);
        for (;;) pause();
    }
    waitpid(child, &status, 0);
    SHOW("by a thread", "%d", WEXITSTATUS(status));
    child = fork();
    if (child == 0) {
        for (int i = 0; i < 5; i++) pthread_create(&threads[i], NULL, sleeps, NULL);
        usleep(20000);
        execl("/bin/busybox", "sh", "-c", "exit 33", NULL);
    }
    waitpid(child, &status, 0);
    SHOW("exec of many", "%d", WEXITSTATUS(status));
    child = fork();
    if (child == 0) {
        pthread_create(&threads[0], NULL, executes, NULL);
        for (;;) pause();
    }
    CHECK(waitpid(child, &status, 0) == child);
    SHOW("exec by another", "%d", WEXITSTATUS(status));
    END();
}
