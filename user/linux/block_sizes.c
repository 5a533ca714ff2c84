/* What a block device says of its sizes (libblkid asks, for mke2fs and mkfs.fat), of reading ahead, and of direct transfers. A line of disk.lines runs it where there is a disk. */
#include "check.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

int main(void) {
    int disk = open("/dev/vda", O_RDONLY), number;
    if (disk < 0) {
        puts("no disk");
        return 0;
    }
    unsigned long long bytes;
    unsigned long sectors;
    CALL(ioctl(disk, BLKGETSIZE64, &bytes));
    CALL(ioctl(disk, BLKGETSIZE, &sectors));
    CHECK(bytes == sectors * 512ull);
#define SIZE(request) do { number = -7; CALL(ioctl(disk, request, &number)); SHOW(#request, "%d", number); } while (0)
    SIZE(BLKSSZGET);
    SIZE(BLKPBSZGET);
    SIZE(BLKIOMIN);
    SIZE(BLKIOOPT);
    SIZE(BLKALIGNOFF);
    SIZE(BLKROGET);
    CALL(ioctl(disk, BLKIOMIN, 8));
    unsigned long before, ahead;
    CALL(ioctl(disk, BLKRAGET, &before));
    for (unsigned long wanted = 0; wanted <= 4096; wanted = wanted * 2 + 4) {
        CALL(ioctl(disk, BLKRASET, wanted));
        ahead = 7;
        CALL(ioctl(disk, BLKRAGET, &ahead));
        SHOW("ahead", "%lu", ahead);
    }
    CALL(ioctl(disk, BLKFRASET, 64));
    CALL(ioctl(disk, BLKRAGET, &ahead));
    SHOW("ahead of file systems", "%lu", ahead);
    CALL(ioctl(disk, BLKRAGET, 8));
    CALL(ioctl(disk, BLKRAGET, NULL));
    CALL(ioctl(disk, BLKFRAGET, NULL));
    CALL(ioctl(disk, BLKRASET, before));
    CALL(ioctl(disk, BLKROSET, 8));
    struct statx status;
    CALL(statx(disk, "", AT_EMPTY_PATH, 0x2000, &status));
    SHOW("alignment of memory and offsets", "%u", ((unsigned *)&status)[38]);
    SHOW("alignment of memory and offsets", "%u", ((unsigned *)&status)[39]);
    number = 0;
    CALL(setuid(1000));
    CALL(ioctl(disk, BLKROSET, &number));
    CALL(ioctl(disk, BLKRASET, before));
    CALL(ioctl(disk, BLKRAGET, &ahead));
    END();
}
