/* Descriptors and their flags: dup, fcntl, append, close-on-exec, O_PATH, O_TMPFILE. */
#include "check.h"
#include <fcntl.h>
#include <sys/stat.h>

int main(void) {
    int file = open("file", O_RDWR | O_CREAT | O_APPEND, 0640);
    SHOW("flags", "%x", fcntl(file, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    write(file, "abc", 3);
    lseek(file, 0, SEEK_SET);
    write(file, "def", 3);
    CALL(lseek(file, 0, SEEK_CUR));
    CALL(pwrite(file, "X", 1, 0));
    CALL(lseek(file, 0, SEEK_END));
    CALL(fcntl(file, F_SETFL, O_NONBLOCK));
    SHOW("flags", "%x", fcntl(file, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    CALL(fcntl(file, F_GETFD));
    CALL(fcntl(file, F_SETFD, FD_CLOEXEC));
    CALL(fcntl(file, F_GETFD));
    int copy = fcntl(file, F_DUPFD, 50);
    SHOW("copy", "%d %d", copy, fcntl(copy, F_GETFD));
    SHOW("copy", "%d", fcntl(fcntl(file, F_DUPFD_CLOEXEC, 60), F_GETFD));
    CALL(dup2(file, file));
    CALL(dup3(file, file, 0));
    CALL(dup2(99, 5));
    CALL(dup2(file, -1));
    CALL(lseek(copy, 2, SEEK_SET));
    CALL(lseek(file, 0, SEEK_CUR));
    int path = open("file", O_PATH);
    char byte;
    CALL(read(path, &byte, 1));
    CALL(fchmod(path, 0600));
    struct stat status;
    CALL(fstat(path, &status));
    SHOW("mode", "%o", status.st_mode);
    int unnamed = open(".", O_TMPFILE | O_RDWR, 0600);
    CHECK(unnamed >= 0);
    fstat(unnamed, &status);
    SHOW("links", "%d", (int)status.st_nlink);
    char link_path[64];
    snprintf(link_path, sizeof link_path, "/proc/self/fd/%d", unnamed);
    CALL(linkat(AT_FDCWD, link_path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    CALL(access("named", F_OK));
    CALL(open("file", O_CREAT | O_EXCL, 0600));
    CALL(open("file", O_DIRECTORY));
    CALL(open(".", O_RDWR));
    CALL(close(99));
    CALL(fcntl(file, 9999));
    CALL(close_range(50, 70, 0));
    CALL(fcntl(50, F_GETFD));
    END();
}
