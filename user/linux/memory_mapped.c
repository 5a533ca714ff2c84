/* What a mapped file keeps when its descriptor is closed, and what a mount forbids of mappings. */
#include "mounts.h"
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/wait.h>

static void *map(const char *name, int flags, int protection, int sharing) {
    int file = open(name, flags);
    void *start = mmap(NULL, 4096, protection, sharing, file, 0);
    close(file);
    return start;
}

/* Whether an execution is refused because the file is being written. */
static int is_busy(const char *name) {
    int status;
    fflush(stdout);
    if (fork() == 0) {
        execl(name, name, "run", NULL);
        _exit(errno == ETXTBSY ? 1 : 2);
    }
    wait(&status);
    return WEXITSTATUS(status);
}

static void lease(const char *what) {
    int file = open("m/file", O_RDONLY);
    int outcome = fcntl(file, F_SETLEASE, F_RDLCK);
    SHOW(what, "%d %d", outcome, outcome ? errno : 0);
    close(file);
}

int main(int count, char **arguments) {
    if (count > 1)
        return 7;
    playground();
    dirs("m n");
    CALL(mount("x", "m", "tmpfs", 0, NULL));
    int made = open("m/file", O_RDWR | O_CREAT, 0600);
    CALL(ftruncate(made, 4096));
    close(made);
    void *writable = map("m/file", O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED);
    CHECK(writable != MAP_FAILED);
    CALL(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
    CALL(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
    lease("while it is mapped to be written");
    CALL(munmap(writable, 4096));
    lease("afterwards");
    void *shared = map("m/file", O_RDONLY, PROT_READ, MAP_SHARED);
    CHECK(shared != MAP_FAILED);
    CALL(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
    CALL(mount(NULL, "m", NULL, MS_REMOUNT, NULL));
    CALL(munmap(shared, 4096));
    void *private = map("m/file", O_RDWR, PROT_READ, MAP_PRIVATE);
    CALL(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
    CALL(munmap(private, 4096));

    int program = open("m/program", O_RDWR | O_CREAT, 0700), own = open(arguments[0], O_RDONLY);
    while (sendfile(program, own, NULL, 1 << 20) > 0)
        ;
    close(program), close(own);
    SHOW("runs", "%d", is_busy("m/program"));
    writable = map("m/program", O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED);
    SHOW("mapped", "%d", is_busy("m/program"));
    CALL(munmap(writable, 4096));
    SHOW("not mapped", "%d", is_busy("m/program"));

    CALL(mount("x", "n", "tmpfs", MS_NOEXEC, NULL));
    made = open("n/file", O_RDWR | O_CREAT, 0600);
    CALL(ftruncate(made, 4096));
    for (int sharing = MAP_SHARED; sharing <= MAP_PRIVATE; sharing++) {
        void *start = mmap(NULL, 4096, PROT_READ | PROT_EXEC, sharing, made, 0);
        SHOW("to be run", "%d %d", start == MAP_FAILED, start == MAP_FAILED ? errno : 0);
        start = mmap(NULL, 4096, PROT_READ, sharing, made, 0);
        CHECK(start != MAP_FAILED);
        CALL(mprotect(start, 4096, PROT_READ | PROT_EXEC));
        CALL(mprotect(start, 4096, PROT_READ));
        munmap(start, 4096);
    }
    CALL(fcntl(made, F_SETFL, O_ASYNC | O_NONBLOCK));
    SHOW("flags of a file", "%o", fcntl(made, F_GETFL) & (O_ASYNC | O_NONBLOCK));
    int on = 1;
    CALL(ioctl(made, FIOASYNC, &on));
    close(made);
    int opened = open("n/file", O_RDONLY | O_ASYNC);
    SHOW("opened", "%o", fcntl(opened, F_GETFL) & O_ASYNC);
    close(opened);
    END();
}
