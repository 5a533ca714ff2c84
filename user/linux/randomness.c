/* Random bytes, AT_RANDOM, and addresses that differ from run to run. */
#include "check.h"
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/wait.h>

int main(void) {
    unsigned char a[64] = { 0 }, b[64] = { 0 };
    CALL(getrandom(a, 64, 0));
    CALL(getrandom(b, 64, GRND_NONBLOCK));
    CHECK(memcmp(a, b, 64) != 0);
    CALL(getrandom(a, 10, 0x80));
    CALL(getentropy(a, 64));
    CALL(getentropy(a, 257));
    fflush(stdout);
    if (getenv("INNER")) {
        unsigned long words[3] = { *(unsigned long *)getauxval(AT_RANDOM), (unsigned long)&words, (unsigned long)sbrk(0) };
        write(9, words, sizeof words);
        return 0;
    }
    unsigned long found[2][3] = { { 0 } };
    for (int i = 0; i < 2; i++) {
        int ends[2];
        pipe(ends);
        if (fork() == 0) {
            dup2(ends[1], 9);
            char *arguments[] = { "inner", NULL }, *environment[] = { "INNER=1", NULL };
            freopen("/dev/null", "w", stdout);
            execve("/proc/self/exe", arguments, environment);
            _exit(1);
        }
        close(ends[1]);
        read(ends[0], found[i], sizeof found[i]);
        wait(NULL);
    }
    CHECK(found[0][0] != found[1][0]);
    CHECK(found[0][1] != found[1][1]);
    CHECK(found[0][2] != found[1][2]);
    SHOW("page", "%ld", getauxval(AT_PAGESZ));
    SHOW("ticks", "%ld", getauxval(AT_CLKTCK));
    SHOW("secure", "%ld", getauxval(AT_SECURE));
    CHECK(getauxval(AT_PHDR) && getauxval(AT_ENTRY) && getauxval(AT_EXECFN));
    END();
}
