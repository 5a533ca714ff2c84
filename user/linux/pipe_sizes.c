/* Pipes: capacity, atomic writes, packets that mix, readers and writers that leave. */
#include "check.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

int main(void) {
    int ends[2];
    pipe2(ends, O_NONBLOCK | O_CLOEXEC);
    CALL(fcntl(ends[0], F_GETPIPE_SZ));
    char block[70000];
    memset(block, 'a', sizeof block);
    CALL(write(ends[1], block, sizeof block));
    CALL(write(ends[1], block, 1));
    int waiting;
    ioctl(ends[0], FIONREAD, &waiting);
    SHOW("waiting", "%d", waiting);
    CALL(read(ends[0], block, 4096));
    CALL(write(ends[1], block, 4097));
    CALL(write(ends[1], block, 4096));
    CALL(fcntl(ends[1], F_SETPIPE_SZ, 4096));
    while (read(ends[0], block, sizeof block) > 0) {}
    CALL(fcntl(ends[1], F_SETPIPE_SZ, 5000));
    CALL(write(ends[1], block, 10000));
    signal(SIGPIPE, SIG_IGN);
    close(ends[0]);
    CALL(write(ends[1], block, 1));
    CALL(write(ends[1], block, 0));
    CALL(pipe2(ends, 0x4000000));
    pipe(ends);
    for (int writer = 0; writer < 4; writer++)
        if (fork() == 0) {
            char line[100];
            memset(line, 'A' + writer, sizeof line);
            for (int i = 0; i < 200; i++) if (write(ends[1], line, sizeof line) != sizeof line) _exit(1);
            _exit(0);
        }
    close(ends[1]);
    int whole = 0, mixed = 0, filled = 0;
    char line[100];
    for (;;) {
        long count = read(ends[0], line + filled, sizeof line - filled);
        if (count <= 0) break;
        if ((filled += count) < 100) continue;
        filled = 0;
        int same = 1;
        for (int i = 1; i < 100; i++) same &= line[i] == line[0];
        if (same) whole++; else mixed++;
    }
    SHOW("lines", "%d %d", whole, mixed);
    while (wait(NULL) > 0) {}
    END();
}
