/* mremap: growing in place and by moving, shrinking, fixed places, shared pages. */
#include "check.h"
#include <sys/mman.h>

int main(void) {
    char *a = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 16; i++) a[i * 4096] = i;
    CHECK(mremap(a, 16 * 4096, 8 * 4096, 0) == a);
    CHECK(mremap(a, 8 * 4096, 16 * 4096, 0) == a);
    SHOW("new pages", "%d %d", a[7 * 4096], a[8 * 4096]);
    CHECK(mmap(a + 12 * 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == a + 12 * 4096);
    CHECK(mremap(a, 8 * 4096, 20 * 4096, 0) == MAP_FAILED && errno == ENOMEM);
    char *b = mremap(a, 4 * 4096, 40 * 4096, MREMAP_MAYMOVE);
    SHOW("moved", "%d %d %d", b != a, b[3 * 4096], b[39 * 4096]);
    unsigned char present;
    CALL(mincore(a, 4096, &present));
    char *place = mmap(NULL, 8 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mremap(b, 2 * 4096, 2 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED, place) == place);
    SHOW("at its place", "%d", place[4096]);
    CHECK(mremap(place, 4096, 4096, MREMAP_FIXED, b) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(place + 1, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap((void *)0x4000, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
    CHECK(mremap(place, 4096, 0, MREMAP_MAYMOVE) == MAP_FAILED && errno == EINVAL);
    char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    strcpy(shared, "twice");
    char *again = mremap(shared, 0, 4096, MREMAP_MAYMOVE);
    CHECK(again != MAP_FAILED);
    if (again != MAP_FAILED) {
        again[0] = 'T';
        SHOW("second view", "%s", shared);
    }
    END();
}
