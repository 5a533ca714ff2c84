//! Dates and times: two seconds, or a day, from 1980 to 2107, without a zone (here always UTC).

use object::Timestamp;

const DAY: i64 = 24 * 60 * 60;
/// Days from 1970-01-01 to 1980-01-01.
const EPOCH: i64 = 3652;
/// The last moment that can be stored.
const LAST: i64 = 4_354_819_199;

/// Days of the months before each month, in a year that is no leap year.
const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// Days from 1980-01-01 to the first of January of a year after 1980.
fn days_before_year(year: i64) -> i64 {
    // 2100 is no leap year.
    let leaps = (year + 3) / 4 - i64::from(year > 120);
    year * 365 + leaps
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && year != 120
}

/// The moment of a date and a time, and hundredths of a second to be added.
pub fn read(date: u16, time: u16, hundredths: u8) -> Timestamp {
    let year = i64::from(date >> 9);
    let month = i64::from(date >> 5 & 0xf).clamp(1, 12);
    let day = i64::from(date & 0x1f).max(1);
    let leap = i64::from(month > 2 && is_leap(year));
    let days = days_before_year(year) + BEFORE[month as usize - 1] + leap + day - 1 + EPOCH;
    let seconds = i64::from(time >> 11) * 3600
        + i64::from(time >> 5 & 0x3f) * 60
        + i64::from(time & 0x1f) * 2
        + i64::from(hundredths / 100);
    Timestamp {
        seconds: days * DAY + seconds,
        nanoseconds: u32::from(hundredths % 100) * 10_000_000,
    }
}

/// Date, time and hundredths of a moment; the nearest that can be stored.
pub fn write(moment: Timestamp) -> (u16, u16, u8) {
    let seconds = moment.seconds;
    if seconds < EPOCH * DAY {
        return (1 << 5 | 1, 0, 0);
    }
    if seconds > LAST {
        return (127 << 9 | 12 << 5 | 31, 23 << 11 | 59 << 5 | 29, 199);
    }
    let days = seconds / DAY - EPOCH;
    let within = seconds % DAY;
    let mut year = days / 366;
    while days_before_year(year + 1) <= days {
        year += 1;
    }
    let of_year = days - days_before_year(year);
    let leap = |month: usize| i64::from(month > 2 && is_leap(year));
    let month = (1..=12)
        .rev()
        .find(|&month| BEFORE[month - 1] + leap(month) <= of_year)
        .unwrap_or(1);
    let day = of_year - BEFORE[month - 1] - leap(month) + 1;
    let date = (year << 9 | (month as i64) << 5 | day) as u16;
    let pairs = (within % 60) / 2;
    let time = (within / 3600) << 11 | (within / 60 % 60) << 5 | pairs;
    let hundredths = (within % 2) as u32 * 100 + moment.nanoseconds / 10_000_000;
    (date, time as u16, hundredths as u8)
}

/// A moment as a time of change is kept: whole pairs of seconds.
pub fn to_pairs(moment: Timestamp) -> Timestamp {
    let (date, time, _) = write(moment);
    read(date, time, 0)
}

/// A moment as a time of access is kept: whole days.
pub fn to_days(moment: Timestamp) -> Timestamp {
    let (date, _, _) = write(moment);
    read(date, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp {
            seconds,
            nanoseconds: 0,
        }
    }

    #[test]
    fn known_moments() {
        // 1980-01-01, 2000-02-29 12:34:56, 2026-11-23 08:00:00, 2100-03-01, 2107-12-31 23:59:58.
        for (seconds, date, time) in [
            (315_532_800, 1 << 5 | 1, 0),
            (951_827_696, 20 << 9 | 2 << 5 | 29, 12 << 11 | 34 << 5 | 28),
            (1_795_420_800, 46 << 9 | 11 << 5 | 23, 8 << 11),
            (4_107_542_400, 120 << 9 | 3 << 5 | 1, 0),
            (
                4_354_819_198,
                127 << 9 | 12 << 5 | 31,
                23 << 11 | 59 << 5 | 29,
            ),
        ] {
            assert_eq!(write(at(seconds)), (date, time, 0), "{seconds}");
            assert_eq!(read(date, time, 0), at(seconds));
        }
        assert_eq!(write(at(0)).0, 1 << 5 | 1);
        assert_eq!(to_pairs(at(i64::MAX)), at(4_354_819_198));
        assert_eq!(to_days(at(951_827_696)), at(951_782_400));
    }

    #[test]
    fn every_day_comes_back() {
        for day in 0..46_750 {
            let moment = at((EPOCH + day) * DAY + 4242);
            assert_eq!(to_pairs(moment), moment);
        }
    }

    #[test]
    fn no_bytes_are_too_strange() {
        for date in 0..=u16::MAX {
            read(date, date.wrapping_mul(7), 255);
        }
    }
}
