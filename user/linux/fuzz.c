/* Random system calls in child processes: whatever they do, the system has to go on.
 * usage: fuzz SEED CALLS [NUMBER]: with NUMBER only that call. A child that dies is replaced. */
#include "check.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static uint64_t state;
static uint64_t next(void) {
    state ^= state << 13; state ^= state >> 7; state ^= state << 17;
    return state;
}

static char *area;

static unsigned long argument(void) {
    static const unsigned long interesting[] = {
        0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 63, 64, 100, 255, 256, 4095, 4096, 4097, 0x7fffffff, 0x80000000, 0xffffffff,
        0x100000000, 0x3fffffffff, 0x4000000000, 0x3ffffff000, 0x7fffffffffffffff, 0x8000000000000000, -1, -2, -100,
        -4096, -4095, 0xffffffc000000000, 0xffffffff80000000, 0x10000, 0x1000, 0xfff,
    };
    switch (next() % 8) {
    case 0: return interesting[next() % (sizeof interesting / sizeof *interesting)];
    case 1: return next();
    case 2: return next() % 64;
    case 3: return (unsigned long)area + next() % 8192;
    case 4: return (unsigned long)area + 8192 - next() % 64;
    case 5: return (unsigned long)area;
    case 6: return 1ul << (next() % 64);
    default: return next() % 10;
    }
}

/* Calls that would end or stop the experiment rather than the kernel. */
static int left_out(long number) {
    switch (number) {
    case SYS_reboot: case SYS_kill: case SYS_tkill: case SYS_tgkill: case SYS_rt_sigqueueinfo:
    case SYS_rt_tgsigqueueinfo: case SYS_exit: case SYS_exit_group: case SYS_clone: case SYS_clone3:
    case SYS_syslog: case SYS_vhangup: case SYS_chroot: case SYS_mount: case SYS_umount2: case SYS_setpriority:
    case SYS_sched_setaffinity: case SYS_clock_settime: case SYS_settimeofday: case SYS_sethostname:
        return 1;
    }
    return number == SYS_pivot_root || number == SYS_ptrace;
}

static long calls_in_child(long count, long only) {
    for (int i = 0; i < 8192; i += 8) *(uint64_t *)(area + i) = next() % 3 ? argument() : next();
    strcpy(area, "name"); strcpy(area + 64, "dir/file"); strcpy(area + 128, "/proc/self/stat");
    for (long i = 0; i < count; i++) {
        long number = only >= 0 ? only : (long)(next() % 460);
        if (left_out(number)) continue;
        unsigned long a[6];
        for (int j = 0; j < 6; j++) a[j] = argument();
        alarm(1);
        syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
    return 0;
}

static void ignore(int signal) { (void)signal; }

int main(int argc, char **argv) {
    uint64_t seed = argc > 1 ? strtoull(argv[1], 0, 0) : 1;
    long total = argc > 2 ? atol(argv[2]) : 10000, only = argc > 3 ? atol(argv[3]) : -1;
    long rounds = 0, killed = 0;
    for (long done = 0; done < total; done += 200, rounds++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            state = (seed + rounds) * 0x9E3779B97F4A7C15ull | 1;
            for (int i = 0; i < 10; i++) next();
            int devnull = open("/dev/null", O_RDWR);
            for (int i = 0; i < 3; i++) dup2(devnull, i);
            for (int i = 3; i < 8; i++) open(i % 2 ? "/dev/zero" : "scratch", O_RDWR | O_CREAT, 0644);
            int pipes[2]; pipe(pipes);
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            struct rlimit limit = { 200 << 20, 200 << 20 }; setrlimit(RLIMIT_AS, &limit);
            limit.rlim_cur = limit.rlim_max = 64; setrlimit(RLIMIT_NPROC, &limit);
            struct sigaction action = { .sa_handler = ignore }; sigaction(SIGALRM, &action, NULL);
            area = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            munmap(area + 8192, 4096);
            setsid();
            calls_in_child(200, only);
            _exit(0);
        }
        /* A child that sleeps for good is no failure; it is put out of its misery. */
        int status, waited = 0;
        while (waitpid(child, &status, WNOHANG) == 0) {
            usleep(2000);
            if (++waited > 2500) { kill(child, SIGKILL); }
        }
        if (WIFSIGNALED(status)) killed++;
        while (waitpid(-1, &status, WNOHANG) > 0) {}
    }
    printf("seed %lu: %ld rounds, %ld children ended by a signal\n", (unsigned long)seed, rounds, killed);
    return 0;
}
