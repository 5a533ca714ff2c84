/* futex: values, wakes, requeues, bit sets, timeouts, between processes. */
#include "check.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static int word, other, sleeping;

static long futex(int *address, int operation, int value, const void *timeout, int *second, int third) {
    return syscall(SYS_futex, address, operation, value, timeout, second, third);
}

static void *sleeper(void *number) {
    __atomic_add_fetch(&sleeping, 1, __ATOMIC_SEQ_CST);
    futex(&word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, (long)number ? 2 : 1);
    return NULL;
}

int main(void) {
    CALL(futex(&word, FUTEX_WAIT, 1, NULL, NULL, 0));
    CALL(futex(&word, FUTEX_WAIT, 0, &(struct timespec){ 0, 10000000 }, NULL, 0));
    CALL(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
    CALL(futex(&word, FUTEX_WAIT, 0, &(struct timespec){ 0, 2000000000 }, NULL, 0));
    CALL(futex((int *)((char *)&word + 1), FUTEX_WAKE, 1, NULL, NULL, 0));
    CALL(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0));
    CALL(futex(&word, 99, 0, NULL, NULL, 0));
    pthread_t threads[4];
    for (long i = 0; i < 4; i++) pthread_create(&threads[i], NULL, sleeper, (void *)i);
    while (__atomic_load_n(&sleeping, __ATOMIC_SEQ_CST) < 4) usleep(1000);
    usleep(100000);
    CALL(futex(&word, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, 10, NULL, NULL, 1));
    CALL(futex(&word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, (void *)2L, &other, 5));
    CALL(futex(&word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, (void *)1L, &other, 0));
    CALL(futex(&word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 10, NULL, NULL, 0));
    CALL(futex(&other, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 10, NULL, NULL, 0));
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        while (futex(shared, FUTEX_WAIT, 0, NULL, NULL, 0) == 0 && *shared == 0) {}
        _exit(*shared);
    }
    usleep(50000);
    *shared = 6;
    futex(shared, FUTEX_WAKE, 1, NULL, NULL, 0);
    int status;
    waitpid(child, &status, 0);
    SHOW("child saw", "%d", WEXITSTATUS(status));
    END();
}
