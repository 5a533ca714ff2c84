/* usage: bench rows COUNTED|MILLISECONDS [ROW...]   runs rows: a fixed count when COUNTED is 0, else for about so long
 *        bench command NAME COUNT PROGRAM [ARGUMENT...]   times a command that does something COUNT times
 *        bench tree DIRECTORY FILES   makes a tree of files of 1 KiB, 100 in a directory
 *        bench disk 0|1 DEVICE [ROW...]        runs rows on a disk; 1: less the time for which CPUs were halted
 *        bench nothing
 * As the first process it prints when it began, and switches the machine off.
 *
 * A result is one line, `row NAME NANOSECONDS COUNT`, or `row NAME missing REASON`. */
#include "bench.h"
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A row that takes longer than this many milliseconds is given up. */
#define LIMIT 120000

int pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return sched_setaffinity(0, sizeof set, &set);
}

struct result { long took, count; };

/* How often a row is measured; the least counts, because whatever else the system does only adds. */
#define REPEATS 3

/* A shorter run first, so that what is made once is there and what is counted is the rest. */
static struct result measure(const struct row *row, long milliseconds) {
    struct result result = { 0, row->count };
    long first = result.count / 10 + 1, warm = row->run(first);
    if (warm < 0) return (struct result){ warm, 0 };
    if (milliseconds > 0) {
        result.count = milliseconds * 1000000.0 / (warm + 1) * first / REPEATS;
        if (result.count < 1) result.count = 1;
    }
    for (int i = 0; i < REPEATS; i++) {
        long took = row->run(result.count);
        if (took < 0) return (struct result){ took, 0 };
        if (i == 0 || took < result.took) result.took = took;
    }
    return result;
}

/* In a process of its own: whatever happens there, the other rows go on. */
static void run(const struct row *row, long milliseconds) {
    int ends[2], status = 0;
    if (pipe(ends) == -1) { printf("row %s missing pipe\n", row->name); return; }
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        struct result result = measure(row, milliseconds);
        if (write(ends[1], &result, sizeof result) != sizeof result) _exit(1);
        _exit(0);
    }
    close(ends[1]);
    struct result result = { -ETIME, 0 };
    struct pollfd wait = { ends[0], POLLIN, 0 };
    if (poll(&wait, 1, LIMIT) == 1 && read(ends[0], &result, sizeof result) != sizeof result) result.took = -EFAULT;
    kill(-child, SIGKILL);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    close(ends[0]);
    if (result.took < 0) printf("row %s missing %s\n", row->name, strerrorname_np(-result.took));
    else printf("row %s %ld %ld\n", row->name, result.took, result.count);
    fflush(stdout);
}

static int rows(long milliseconds, char **names) {
    const struct row *groups[] = { call_rows, process_rows, wake_rows, memory_rows, file_rows };
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    mkdir(SCRATCH, 0755);
    for (size_t group = 0; group < sizeof groups / sizeof *groups; group++)
        for (const struct row *row = groups[group]; row->name; row++) {
            int wanted = !names[0];
            for (char **name = names; *name; name++) wanted |= !strcmp(*name, row->name);
            if (wanted && row->cpus <= cpus) run(row, milliseconds);
        }
    return 0;
}

static int command(const char *name, long count, char **words) {
    long start = now();
    pid_t child = fork();
    if (child == 0) {
        execv(words[0], words);
        _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    long took = now() - start;
    if (status) printf("row %s missing status %d\n", name, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    else printf("row %s %ld %ld\n", name, took, count);
    return 0;
}

static int tree(const char *top, long files) {
    char path[200], block[1024] = { 0 };
    mkdir(top, 0755);
    for (long i = 0; i < files; i++) {
        sprintf(path, "%s/%ld", top, i / 100);
        if (i % 100 == 0 && mkdir(path, 0755) == -1 && errno != EEXIST) return 1;
        sprintf(path, "%s/%ld/file-%ld", top, i / 100, i);
        FILE *file = fopen(path, "w");
        if (!file || fwrite(block, 1, sizeof block, file) != sizeof block || fclose(file)) return 1;
    }
    return 0;
}

/* The machine's own counter, which begins when the machine does. */
static void first_process(void) {
    unsigned long ticks, frequency;
#if defined __riscv
    asm volatile("rdtime %0" : "=r"(ticks));
    frequency = 10000000;
#else
    asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    asm volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
#endif
    long monotonic = now();
    printf("row boot %.0f 1\nrow boot_clock %ld 1\n", ticks * 1e9 / frequency, monotonic);
    fflush(stdout);
    sync();
    reboot(RB_POWER_OFF);
}

int main(int argc, char **argv) {
    if (getpid() == 1) { first_process(); for (;;) pause(); }
    if (argc >= 2 && !strcmp(argv[1], "nothing")) return 0;
    if (argc >= 3 && !strcmp(argv[1], "rows")) return rows(atol(argv[2]), argv + 3);
    if (argc >= 5 && !strcmp(argv[1], "command")) return command(argv[2], atol(argv[3]), argv + 4);
    if (argc >= 4 && !strcmp(argv[1], "disk")) return disk_rows(atoi(argv[2]), argv[3], argv + 4);
    if (argc == 4 && !strcmp(argv[1], "tree")) return tree(argv[2], atol(argv[3]));
    fprintf(stderr, "see main.c for the usage\n");
    return 2;
}
