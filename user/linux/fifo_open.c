/* Named pipes: who waits for whom when opening, and what non-blocking opens do. */
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>

int main(void) {
    CALL(mkfifo("fifo", 0600));
    CALL(mkfifo("fifo", 0600));
    CALL(open("fifo", O_WRONLY | O_NONBLOCK));
    int reader = open("fifo", O_RDONLY | O_NONBLOCK);
    char text[16];
    CALL(read(reader, text, 16));
    int writer = open("fifo", O_WRONLY | O_NONBLOCK);
    CALL(read(reader, text, 16));
    CALL(write(writer, "abc", 3));
    CALL(read(reader, text, 16));
    close(writer);
    struct pollfd wait_file = { reader, POLLIN, 0 };
    poll(&wait_file, 1, 0);
    SHOW("writer gone", "%x", wait_file.revents);
    CALL(read(reader, text, 16));
    close(reader);
    int both = open("fifo", O_RDWR);
    CALL(write(both, "self", 4));
    CALL(read(both, text, 16));
    close(both);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int own = open("fifo", O_WRONLY);
        write(own, "hello", 5);
        _exit(0);
    }
    usleep(30000);
    reader = open("fifo", O_RDONLY);
    CALL(read(reader, text, 16));
    CALL(read(reader, text, 16));
    waitpid(child, NULL, 0);
    CALL(lseek(reader, 0, SEEK_SET));
    CALL(unlink("fifo"));
    END();
}
