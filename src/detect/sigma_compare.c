/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * Values that are not compared as text: addresses, numbers, parts of a time.
 */
#include <arpa/inet.h>

#include "base/clock.h"
#include "detect/sigma.h"

/* ---- addresses ---- */

enum { ADDRESS_LONGEST = 64 };

static bool is_v4(const uint8_t address[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

static bool address_read(struct str text, uint8_t out[16], bool *v4)
{
	char name[ADDRESS_LONGEST];
	struct in_addr v4_address;
	if (text.n > 2 && text.p[0] == '[' && text.p[text.n - 1] == ']')
		text = str_slice(text, 1, text.n - 1);
	ptrdiff_t zone = str_find_char(text, '%');
	if (zone > 0)
		text = str_slice(text, 0, (size_t)zone);
	if (!text.n || text.n >= sizeof(name) || memchr(text.p, 0, text.n))
		return false;
	memcpy(name, text.p, text.n);
	name[text.n] = 0;
	*v4 = inet_pton(AF_INET, name, &v4_address) == 1;
	if (*v4) {
		memset(out, 0, 10);
		memset(out + 10, 0xff, 2);
		memcpy(out + 12, &v4_address, 4);
		return true;
	}
	return inet_pton(AF_INET6, name, out) == 1;
}

bool sigma_cidr_parse(struct str text, struct sigma_cidr *out, bool *loose)
{
	struct str rest = str_trim(text), address = str_cut(&rest, '/');
	int64_t bits;
	bool v4;
	if (str_find_char(address, '%') >= 0 || !address_read(address, out->address, &v4))
		return false;
	int64_t most = v4 ? 32 : 128;
	if (!rest.p)
		bits = most;
	else if (!rest.n || rest.n > 3 || rest.p[0] < '0' || rest.p[0] > '9' || !str_to_int(rest, 10, &bits) || bits > most)
		return false;
	out->bits = (uint8_t)(bits + 128 - most);
	*loose = false;
	for (unsigned bit = out->bits; bit < 128; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);
		*loose |= out->address[bit / 8] & mask;
		out->address[bit / 8] &= (uint8_t)~mask;
	}
	return true;
}

bool sigma_cidr_holds(const struct sigma_cidr *cidr, struct str text)
{
	uint8_t address[16];
	bool v4;
	if (!address_read(str_trim(text), address, &v4))
		return false;
	if (is_v4(address) && cidr->bits < 96)
		return false;
	unsigned whole = cidr->bits / 8, rest = cidr->bits % 8;
	if (memcmp(address, cidr->address, whole) != 0)
		return false;
	return !rest || (address[whole] & 0xff00 >> rest & 0xff) == cidr->address[whole];
}

/* ---- numbers ---- */

bool sigma_number(struct str text, double *out)
{
	text = str_trim(text);
	struct str digits = str_slice(text, text.n && (*text.p == '-' || *text.p == '+'), text.n);
	if (digits.n > 2 && digits.p[0] == '0' && (digits.p[1] | 32) == 'x') {
		double number = 0;
		for (size_t i = 2; i < digits.n; i++) {
			char c = digits.p[i], lower = (char)(c | 32);
			if (!(c >= '0' && c <= '9') && !(lower >= 'a' && lower <= 'f'))
				return false;
			number = number * 16 + (c <= '9' ? c - '0' : lower - 'a' + 10);
		}
		*out = *text.p == '-' ? -number : number;
		return true;
	}
	/* Not "inf" or "nan", which are words. */
	if (!digits.n || !((digits.p[0] >= '0' && digits.p[0] <= '9') || digits.p[0] == '.'))
		return false;
	return str_to_double(text, out);
}

/* ---- parts of a time ---- */

/* Decimal digits at the front: at least `least`, at most `most` of them. */
static bool digits_take(struct str *rest, size_t least, size_t most, int64_t *out)
{
	size_t n = 0;
	*out = 0;
	while (n < rest->n && n < most && rest->p[n] >= '0' && rest->p[n] <= '9')
		*out = *out * 10 + (rest->p[n++] - '0');
	*rest = str_slice(*rest, n, rest->n);
	return n >= least;
}

static bool char_take(struct str *rest, const char *any)
{
	if (!rest->n || !strchr(any, *rest->p) || !*rest->p)
		return false;
	*rest = str_slice(*rest, 1, rest->n);
	return true;
}

struct moment {
	int64_t year, month, day, hour, minute;
};

/* "2026-11-03T08:01", with / and . between the parts of the date, a blank for the T, or the date alone. */
static bool moment_read(struct str text, struct moment *out)
{
	struct str rest = str_trim(text);
	if (!digits_take(&rest, 4, 4, &out->year) || !char_take(&rest, "-/.") || !digits_take(&rest, 1, 2, &out->month) ||
	    !char_take(&rest, "-/.") || !digits_take(&rest, 1, 2, &out->day))
		return false;
	out->hour = out->minute = 0;
	if (rest.n && (!char_take(&rest, "Tt ") || !digits_take(&rest, 2, 2, &out->hour) || !char_take(&rest, ":") ||
	               !digits_take(&rest, 2, 2, &out->minute)))
		return false;
	return out->month >= 1 && out->month <= 12 && out->day >= 1 && out->day <= 31 && out->hour <= 23 &&
	       out->minute <= 59;
}

/* ISO 8601: week 1 is the one with the year's first Thursday. */
static int64_t week_of(const struct moment *moment)
{
	int64_t day = clock_days(moment->year, moment->month, moment->day);
	int64_t weekday = ((day + 3) % 7 + 7) % 7; /* 1970-01-01 was a Thursday; Monday is 0 */
	int64_t thursday = day - weekday + 3, year = moment->year;
	if (thursday < clock_days(year, 1, 1))
		year--;
	else if (thursday >= clock_days(year + 1, 1, 1))
		year++;
	return (thursday - clock_days(year, 1, 1)) / 7 + 1;
}

bool sigma_time_part(struct str text, enum sigma_time part, int64_t *out)
{
	struct moment moment;
	if (!moment_read(text, &moment))
		return false;
	switch (part) {
	case SIGMA_MINUTE:
		*out = moment.minute;
		break;
	case SIGMA_HOUR:
		*out = moment.hour;
		break;
	case SIGMA_DAY:
		*out = moment.day;
		break;
	case SIGMA_WEEK:
		*out = week_of(&moment);
		break;
	case SIGMA_MONTH:
		*out = moment.month;
		break;
	case SIGMA_YEAR:
		*out = moment.year;
		break;
	default:
		return false;
	}
	return true;
}
