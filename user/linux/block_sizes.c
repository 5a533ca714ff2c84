/* What a block device says of its sizes (libblkid asks, for mke2fs and mkfs.fat). A line of disk.lines runs it where there is a disk. */
#include "check.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

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
    END();
}
