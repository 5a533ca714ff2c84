/* Where the bytes of a file lie on its device. With the name of the image that the file system is on, what lies there is
 * compared with what is in the file; the places themselves are each system's own. */
#include "check.h"
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

enum { MOST = 40 };

static struct {
    struct fiemap map;
    struct fiemap_extent extents[MOST];
} list;

static int image = -1;

/* Asks; pieces of a file without holes count as one, for they depend on where there was room. */
static void show(const char *what, int file, long start, long length, unsigned room) {
    memset(&list, 0, sizeof list);
    list.map.fm_start = start;
    list.map.fm_length = length;
    list.map.fm_flags = FIEMAP_FLAG_SYNC;
    list.map.fm_extent_count = room;
    errno = 0;
    int result = ioctl(file, FS_IOC_FIEMAP, &list.map);
    printf("%s: %d %s", what, result, result ? strerrorname_np(errno) : "");
    if (result == 0 && room == 0)
        printf(" %s", list.map.fm_mapped_extents ? "some" : "none");
    unsigned long end = 0;
    for (unsigned at = 0; result == 0 && room && at < list.map.fm_mapped_extents; at++) {
        struct fiemap_extent *one = &list.extents[at];
        if (at == 0 || one->fe_logical != end) {
            if (at)
                printf("-%lu", end);
            printf(" %lu", (unsigned long)one->fe_logical);
        }
        end = one->fe_logical + one->fe_length;
        if (at + 1 == list.map.fm_mapped_extents)
            printf("-%lu %x", end, one->fe_flags);
        char here[512], there[512];
        if (image >= 0 && pread(file, here, sizeof here, one->fe_logical) == sizeof here
            && pread(image, there, sizeof there, one->fe_physical) == sizeof there
            && memcmp(here, there, sizeof here))
            printf(" (other bytes at %lu)", (unsigned long)one->fe_logical);
    }
    printf("\n");
    fflush(stdout);
}

static void put(int file, off_t at, int length, char what) {
    static char bytes[300000];
    memset(bytes, what, sizeof bytes);
    CALL(pwrite(file, bytes, length, at));
}

int main(int count, char **words) {
    if (count > 1)
        CALL((image = open(words[1], O_RDONLY)) >= 0);
    int file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
    int size = 0;
    CALL(ioctl(file, FIGETBSZ, &size));
    SHOW("block", "%d", size);
    show("empty", file, 0, 1 << 20, MOST);
    put(file, 0, 5000, 'a');
    show("bytes", file, 0, 1 << 20, MOST);
    put(file, 40960, 20000, 'b');
    show("hole", file, 0, 1 << 20, MOST);
    show("counted", file, 0, 1 << 20, 0);
    show("from within", file, 45056, 1 << 20, MOST);
    show("a part", file, 45056, 4096, MOST);
    show("in the hole", file, 16384, 4096, MOST);
    show("behind the end", file, 1 << 22, 4096, MOST);
    show("room for one", file, 0, 1 << 20, 1);
    put(file, 200000, 300000, 'c');
    show("long", file, 0, 1 << 20, MOST);
    CALL(ftruncate(file, 43000));
    show("cut", file, 0, -1, MOST);
    show("nothing asked", file, 0, 0, MOST);
    show("too far", file, -1, 1, MOST);
    list.map.fm_length = 4096;
    list.map.fm_start = 0;
    list.map.fm_flags = 0x80000000 | FIEMAP_FLAG_SYNC;
    CALL(ioctl(file, FS_IOC_FIEMAP, &list.map));
    SHOW("not known", "%x", list.map.fm_flags);
    list.map.fm_extent_count = -1;
    list.map.fm_flags = 0;
    CALL(ioctl(file, FS_IOC_FIEMAP, &list.map));
    CALL(ioctl(file, FS_IOC_FIEMAP, NULL));
    int block = 0;
    CALL(ioctl(file, FIBMAP, &block));
    if (image >= 0) {
        CHECK(block > 0);
        char here[512], there[512];
        CALL(pread(file, here, sizeof here, 0));
        CALL(pread(image, there, sizeof there, (off_t)block * size));
        CHECK(!memcmp(here, there, sizeof here));
    }
    block = 20000 / size;
    CALL(ioctl(file, FIBMAP, &block));
    SHOW("hole", "%d", block);
    block = -1;
    CALL(ioctl(file, FIBMAP, &block));
    mkdir("directory", 0755);
    int directory = open("directory", O_RDONLY);
    show("directory", directory, 0, 1 << 20, MOST);
    CALL(ioctl(directory, FIBMAP, &block));
    int ends[2];
    CALL(pipe(ends));
    CALL(ioctl(ends[0], FIBMAP, &block));
    END();
}
