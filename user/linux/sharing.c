/* What forked processes share through an open file: its position and flags, not its number. */
#include "check.h"
#include <fcntl.h>
#include <sys/wait.h>

int main(void) {
    int file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600), own;
    write(file, "0123456789", 10);
    lseek(file, 2, SEEK_SET);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        read(file, &byte, 1);
        fcntl(file, F_SETFL, O_APPEND);
        close(file);
        own = open("file", O_RDONLY);
        lseek(own, 9, SEEK_SET);
        _exit(byte);
    }
    int status;
    waitpid(child, &status, 0);
    SHOW("child read", "%c", WEXITSTATUS(status));
    CALL(lseek(file, 0, SEEK_CUR));
    SHOW("appends", "%d", !!(fcntl(file, F_GETFL) & O_APPEND));
    CALL(write(file, "end", 3));
    CALL(lseek(file, 0, SEEK_CUR));
    int again = open("file", O_RDONLY);
    CALL(lseek(again, 0, SEEK_CUR));
    int copy = dup(again);
    lseek(copy, 5, SEEK_SET);
    CALL(lseek(again, 0, SEEK_CUR));
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", again);
    int through = open(path, O_RDONLY);
    CALL(lseek(through, 0, SEEK_CUR));
    unlink("file");
    char text[16] = "";
    CALL(pread(through, text, 13, 0));
    SHOW("after unlink", "%s", text);
    CALL(open("file", O_RDONLY));
    END();
}
