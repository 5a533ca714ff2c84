/* pthreads: mutexes, conditions, barriers, thread-local storage, robust locks, exec and exit with threads. */
#include "check.h"
#include <pthread.h>
#include <sys/wait.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <linux/futex.h>
#include <time.h>
#include <semaphore.h>

enum { THREADS = 8, ROUNDS = 20000 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static long counter;
static int turn;
static __thread int own;

static void *count(void *argument) {
    own = (int)(long)argument;
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
    }
    return (void *)(long)(own * 2);
}

static void *ping(void *argument) {
    int me = (int)(long)argument;
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != me) pthread_cond_wait(&condition, &mutex);
        turn = !me;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void *hold_and_die(void *argument) {
    pthread_mutex_lock(argument);
    return NULL;
}

static void *sleeper(void *argument) { (void)argument; for (;;) pause(); return NULL; }

static void *cancelled(void *argument) { (void)argument; sleep(100); return NULL; }

int main(int argc, char **argv) {
    if (argc > 1) { printf("executed %s\n", argv[1]); return 0; }
    pthread_t threads[THREADS];
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, count, (void *)i);
    long sum = 0;
    for (int i = 0; i < THREADS; i++) { void *result; pthread_join(threads[i], &result); sum += (long)result; }
    SHOW("counter", "%ld sum %ld", counter, sum);
    for (long i = 0; i < 2; i++) pthread_create(&threads[i], NULL, ping, (void *)i);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    SHOW("turn", "%d", turn);

    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_nsec += 50000000;
    if (deadline.tv_nsec >= 1000000000) { deadline.tv_nsec -= 1000000000; deadline.tv_sec++; }
    pthread_mutex_lock(&mutex);
    SHOW("timed wait", "%s", strerrorname_np(pthread_cond_timedwait(&condition, &mutex, &deadline)));
    pthread_mutex_unlock(&mutex);

    pthread_mutex_t robust;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attributes);
    pthread_create(&threads[0], NULL, hold_and_die, &robust);
    pthread_join(threads[0], NULL);
    SHOW("robust", "%s", strerrorname_np(pthread_mutex_lock(&robust)));
    CALL(pthread_mutex_consistent(&robust));
    CALL(pthread_mutex_unlock(&robust));

    pthread_create(&threads[0], NULL, cancelled, NULL);
    usleep(10000);
    pthread_cancel(threads[0]);
    void *result; pthread_join(threads[0], &result);
    SHOW("cancelled", "%d", result == PTHREAD_CANCELED);

    /* A semaphore and a mutex between processes. */
    sem_t *semaphore = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    sem_init(semaphore, 1, 0);
    pid_t child = fork();
    if (child == 0) { usleep(20000); sem_post(semaphore); _exit(0); }
    CALL(sem_wait(semaphore));
    waitpid(child, NULL, 0);

    int word = 5;
    CALL(syscall(SYS_futex, &word, FUTEX_WAIT, 4, NULL, NULL, 0));
    CALL(syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0));
    struct timespec brief = { 0, 10000000 };
    CALL(syscall(SYS_futex, &word, FUTEX_WAIT, 5, &brief, NULL, 0));
    CALL(syscall(SYS_futex, (char *)&word + 1, FUTEX_WAKE, 1, NULL, NULL, 0));
    CALL(syscall(SYS_futex, NULL, FUTEX_WAIT, 5, NULL, NULL, 0));

    /* exit_group and exec end all threads. */
    int status;
    child = fork();
    if (child == 0) { for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, sleeper, NULL); exit(9); }
    waitpid(child, &status, 0);
    SHOW("exit", "%d", WEXITSTATUS(status));
    child = fork();
    if (child == 0) {
        for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, sleeper, NULL);
        execl("/proc/self/exe", "threads", "again", NULL);
        _exit(1);
    }
    waitpid(child, &status, 0);
    SHOW("exec", "%d", WEXITSTATUS(status));
    END();
}
