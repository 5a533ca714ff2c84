/* personality: programs at the same addresses each time, kept by fork and exec. */
#include "check.h"
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/wait.h>

static void places(int descriptor) {
    int local;
    void *mapped = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned long found[] = { (unsigned long)&local, (unsigned long)sbrk(0), (unsigned long)mapped,
                              getauxval(AT_SYSINFO_EHDR) };
    if (write(descriptor, found, sizeof found) != sizeof found) _exit(1);
}

static int runs_alike(const char *self) {
    unsigned long found[2][4];
    for (int i = 0; i < 2; i++) {
        int ends[2];
        if (pipe(ends)) return -1;
        if (fork() == 0) {
            dup2(ends[1], 9);
            execl("/proc/self/exe", self, "places", NULL);
            _exit(1);
        }
        if (read(ends[0], found[i], sizeof found[i]) != sizeof found[i]) return -1;
        close(ends[0]), close(ends[1]);
        wait(NULL);
    }
    int same = 0;
    for (int i = 0; i < 4; i++) same += found[0][i] == found[1][i];
    return same;
}

int main(int count, char **arguments) {
    if (count > 1) { places(9); return 0; }
    CALL(personality(0xffffffff));
    SHOW("random places that are the same", "%d", runs_alike(arguments[0]));
    CALL(personality(ADDR_NO_RANDOMIZE));
    CALL(personality(0xffffffff));
    SHOW("fixed places that are the same", "%d", runs_alike(arguments[0]));
    if (fork() == 0) {
        SHOW("child", "%#x", personality(0xffffffff));
        _exit(0);
    }
    wait(NULL);
    CALL(personality(0));
    CALL(personality(0xffffffff));
    END();
}
