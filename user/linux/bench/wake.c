/* One waits, another wakes it: ping-pong over pipes, futexes and sockets, bandwidth, epoll. */
#include "bench.h"
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Sends bytes there and back between two processes. */
static long rounds(long count, int mine_in, int mine_out, int other_in, int other_out, int other_cpu) {
    char byte = 0;
    NEED(pin(0));
    pid_t child = fork();
    NEED(child);
    if (child == 0) {
        if (pin(other_cpu) == -1) _exit(1);
        if (mine_out != other_out) close(mine_out);
        while (read(other_in, &byte, 1) == 1 && write(other_out, &byte, 1) == 1) {}
        _exit(0);
    }
    long start = 0, took = 0;
    /* The first rounds only see to it that both are where they belong. */
    for (long i = -20; i < count; i++) {
        if (i == 0) start = now();
        if (write(mine_out, &byte, 1) != 1 || read(mine_in, &byte, 1) != 1) { took = -EPROTO; break; }
    }
    if (took == 0) took = now() - start;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return took;
}

static long pipes(long count, int other_cpu) {
    int there[2], back[2];
    NEED(pipe(there));
    NEED(pipe(back));
    return rounds(count, back[0], there[1], there[0], back[1], other_cpu);
}

static long pipe_one(long count) { return pipes(count, 0); }
static long pipe_two(long count) { return pipes(count, 1); }

static long local_socket(long count) {
    int pair[2];
    NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    return rounds(count, pair[0], pair[0], pair[1], pair[1], 0);
}

static uint32_t word;
static int partner_cpu;

static long futex(int operation, uint32_t value) {
    return syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

/* Waits until the word is `turn`, gives it to the other. */
static void turns(uint32_t turn, long count) {
    for (long i = 0; i < count; i++) {
        uint32_t seen;
        while ((seen = __atomic_load_n(&word, __ATOMIC_ACQUIRE)) != turn) futex(FUTEX_WAIT, seen);
        __atomic_store_n(&word, !turn, __ATOMIC_RELEASE);
        futex(FUTEX_WAKE, 1);
    }
}

static void *partner(void *count) {
    if (pin(partner_cpu) == -1) return "pin";
    turns(1, (long)count);
    return NULL;
}

static long futexes(long count, int other_cpu) {
    pthread_t thread;
    word = 1;
    partner_cpu = other_cpu;
    NEED(pin(0));
    int error = pthread_create(&thread, NULL, partner, (void *)(count + 20));
    if (error) return -error;
    turns(0, 20);
    long start = now();
    turns(0, count);
    long took = now() - start;
    void *failed;
    pthread_join(thread, &failed);
    return failed ? -EINVAL : took;
}

static long futex_one(long count) { return futexes(count, 0); }
static long futex_two(long count) { return futexes(count, 1); }

/* `count` times 1 MiB, written in blocks by one process and read by another. */
static long bandwidth(long count, size_t block) {
    int ends[2];
    char *buffer = calloc(1, block);
    NEED(pipe(ends));
    long left = count << 20;
    pid_t child = fork();
    NEED(child);
    if (child == 0) {
        close(ends[0]);
        for (long sent = 0; sent < left; sent += block)
            for (size_t done = 0; done < block;) {
                ssize_t length = write(ends[1], buffer + done, block - done);
                if (length <= 0) _exit(1);
                done += length;
            }
        _exit(0);
    }
    close(ends[1]);
    long start = now();
    for (ssize_t length; left > 0; left -= length)
        if ((length = read(ends[0], buffer, block)) <= 0) return -EPROTO;
    long took = now() - start;
    waitpid(child, NULL, 0);
    return took;
}

static long pipe_4k(long count) { return bandwidth(count, 4096); }
static long pipe_64k(long count) { return bandwidth(count, 65536); }

/* One process waits on many descriptors, another makes one of them ready, in turn. */
static long epoll_wake(long count, int descriptors) {
    struct rlimit limit = { 4096, 4096 };
    setrlimit(RLIMIT_NOFILE, &limit);
    int *events = calloc(descriptors, sizeof *events);
    int set = epoll_create1(0), ask = eventfd(0, 0);
    uint64_t value = 1;
    NEED(set);
    NEED(ask);
    for (int i = 0; i < descriptors; i++) {
        NEED(events[i] = eventfd(0, 0));
        struct epoll_event event = { EPOLLIN, { .u32 = i } };
        NEED(epoll_ctl(set, EPOLL_CTL_ADD, events[i], &event));
    }
    pid_t child = fork();
    NEED(child);
    if (child == 0) {
        for (long i = 0;; i++) {
            if (read(ask, &value, 8) != 8) _exit(1);
            value = 1;
            if (write(events[i * 7 % descriptors], &value, 8) != 8) _exit(1);
        }
    }
    long start = now(), took = 0;
    for (long i = 0; i < count && took == 0; i++) {
        struct epoll_event found;
        value = 1;
        if (write(ask, &value, 8) != 8 || epoll_wait(set, &found, 1, -1) != 1
            || read(events[found.data.u32], &value, 8) != 8)
            took = -EPROTO;
    }
    if (took == 0) took = now() - start;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return took;
}

static long epoll_10(long count) { return epoll_wake(count, 10); }
static long epoll_1000(long count) { return epoll_wake(count, 1000); }

const struct row wake_rows[] = {
    { "pipe_pingpong", 3000, 1, pipe_one },
    { "pipe_pingpong_2cpu", 3000, 2, pipe_two },
    { "futex_pingpong", 3000, 1, futex_one },
    { "futex_pingpong_2cpu", 3000, 2, futex_two },
    { "socket_pingpong", 3000, 1, local_socket },
    { "pipe_4k", 4, 1, pipe_4k },
    { "pipe_64k", 16, 1, pipe_64k },
    { "epoll_10", 2000, 1, epoll_10 },
    { "epoll_1000", 2000, 1, epoll_1000 },
    { 0 },
};
