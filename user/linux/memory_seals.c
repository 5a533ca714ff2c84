/* Sealed files in memory: what may not happen any more, and what keeps a seal from being set. */
#include "check.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8
#endif

static int make(unsigned flags) {
    int file = memfd_create("sealed", flags);
    ftruncate(file, 8192);
    return file;
}

static void size(void) {
    int file = make(MFD_ALLOW_SEALING);
    CALL(fcntl(file, F_GET_SEALS));
    CALL(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK));
    CALL(ftruncate(file, 4096));
    CALL(ftruncate(file, 12288));
    CALL(fcntl(file, F_ADD_SEALS, F_SEAL_GROW));
    CALL(ftruncate(file, 16384));
    CALL(ftruncate(file, 12288));
    static char bytes[20000];
    CALL(pwrite(file, bytes, 100, 12200));
    CALL(pwrite(file, bytes, 20000, 4000));
    CALL(pwrite(file, bytes, 88, 12200));
    CALL(fallocate(file, 0, 0, 20000));
    struct stat status;
    fstat(file, &status);
    SHOW("size", "%ld", (long)status.st_size);
    CALL(fcntl(file, F_GET_SEALS));
    CALL(fcntl(file, F_ADD_SEALS, F_SEAL_SEAL));
    CALL(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
    CALL(pwrite(file, "x", 1, 0));
    CALL(fcntl(file, F_GET_SEALS));
    close(file);
}

static void writing(void) {
    int file = make(MFD_ALLOW_SEALING);
    char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    strcpy(map, "before");
    CALL(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
    CALL(munmap(map, 4096));
    CALL(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
    CALL(mprotect(map + 4096, 4096, PROT_READ));
    CALL(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
    pid_t child = fork();
    if (!child) { pause(); _exit(0); }
    CALL(munmap(map + 4096, 4096));
    CALL(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
    kill(child, 9);
    waitpid(child, NULL, 0);
    char *private = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    CALL(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
    CALL(fcntl(file, F_GET_SEALS));
    CALL(write(file, "x", 1));
    CALL(pwrite(file, "x", 1, 100));
    OK(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
    strcpy(private, "mine");
    char text[16] = "";
    CALL(pread(file, text, 7, 0));
    SHOW("text", "%s", text);
    CALL(ftruncate(file, 4096));
    CALL(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
    close(file);
}

static void future(void) {
    int file = make(MFD_ALLOW_SEALING);
    char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CALL(fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
    strcpy(map, "through the old map");
    char text[32] = "";
    CALL(pread(file, text, 19, 0));
    SHOW("text", "%s", text);
    CALL(pwrite(file, "x", 1, 0));
    OK(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
    char *look = mmap(NULL, 8192, PROT_READ, MAP_SHARED, file, 0);
    CHECK(look != MAP_FAILED);
    if (look != MAP_FAILED) {
        SHOW("look", "%s", look);
        CALL(mprotect(look, 8192, PROT_READ | PROT_WRITE));
    }
    close(file);
}

static void refused(void) {
    int file = make(0);
    CALL(fcntl(file, F_GET_SEALS));
    CALL(fcntl(file, F_ADD_SEALS, F_SEAL_GROW));
    CALL(fcntl(file, F_ADD_SEALS, 0x1000));
    close(file);
    file = make(MFD_NOEXEC_SEAL);
    CALL(fcntl(file, F_GET_SEALS));
    struct stat status;
    fstat(file, &status);
    SHOW("mode", "%o", status.st_mode);
    CALL(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK));
    close(file);
    file = make(MFD_ALLOW_SEALING);
    CALL(fcntl(file, F_ADD_SEALS, F_SEAL_EXEC));
    CALL(fcntl(file, F_GET_SEALS));
    close(file);
    int pipes[2];
    pipe(pipes);
    CALL(fcntl(pipes[1], F_GET_SEALS));
    CALL(fcntl(pipes[1], F_ADD_SEALS, F_SEAL_WRITE));
    CALL(fcntl(pipes[0], F_ADD_SEALS, F_SEAL_WRITE));
}

int main(void) {
    size();
    writing();
    future();
    refused();
    END();
}
