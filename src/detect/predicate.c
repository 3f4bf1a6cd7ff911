/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/predicate.h"

#include "base/fold.h"
#include "base/utf8.h"

enum {
	MATCH_LIMIT = 200000,         /* steps; the worst of Sigma's own expressions needs a few thousand */
	DEPTH_LIMIT = 20000,
	HEAP_LIMIT_KIB = 4096,
	JIT_STACK_LARGEST = 512 * 1024,
};

/* ---- texts with wildcards ---- */

static bool starts_here(struct str text, size_t at, struct str literal)
{
	return text.n - at >= literal.n && memcmp(text.p + at, literal.p, literal.n) == 0;
}

/* The length of the character at `at`; of a byte that is none, 1 as utf8_next() takes it. */
static size_t character(struct str text, size_t at)
{
	if ((unsigned char)text.p[at] < 0x80)
		return 1;
	struct str rest = { text.p + at, text.n - at };
	utf8_next(&rest);
	return text.n - at - rest.n;
}

/* Parts are taken in order; when one does not fit, the last '*' takes more and everything behind it is tried again. An
 * earlier '*' never has to: it took the least that made its successors fit. */
bool pattern_holds(const struct sigma_pattern *pattern, struct str text)
{
	size_t part = 0, at = 0, star_part = SIZE_MAX, star_at = 0;
	for (;;) {
		bool fits;
		if (part == pattern->n) {
			fits = at == text.n;
			if (fits)
				return true;
		} else if (pattern->p[part].kind == PART_ANY) {
			if (part + 1 == pattern->n)
				return true;
			star_part = ++part;
			star_at = at;
			fits = true;
		} else if (pattern->p[part].kind == PART_ONE) {
			fits = at < text.n;
			if (fits) {
				at += character(text, at);
				part++;
			}
		} else {
			fits = starts_here(text, at, pattern->p[part].text);
			if (fits)
				at += pattern->p[part++].text.n;
		}
		if (fits)
			continue;
		if (star_part == SIZE_MAX || star_at == text.n)
			return false;
		const struct sigma_part *behind = &pattern->p[star_part];
		if (behind->kind == PART_LITERAL) {
			const char *next = memmem(text.p + star_at + 1, text.n - star_at - 1, behind->text.p, behind->text.n);
			/* The first try was at star_at itself. */
			if (!next)
				return false;
			star_at = (size_t)(next - text.p);
		} else {
			star_at += character(text, star_at);
		}
		part = star_part;
		at = star_at;
	}
}

/* ---- regular expressions ---- */

void regex_work_init(struct regex_work *work)
{
	*work = (struct regex_work){
		.data = pcre2_match_data_create(1, NULL),
		.context = pcre2_match_context_create(NULL),
		.stack = pcre2_jit_stack_create(32 * 1024, JIT_STACK_LARGEST, NULL),
	};
	if (!work->data || !work->context || !work->stack)
		abort();
	pcre2_set_match_limit(work->context, MATCH_LIMIT);
	pcre2_set_depth_limit(work->context, DEPTH_LIMIT);
	pcre2_set_heap_limit(work->context, HEAP_LIMIT_KIB);
	pcre2_jit_stack_assign(work->context, NULL, work->stack);
}

void regex_work_done(struct regex_work *work)
{
	pcre2_jit_stack_free(work->stack);
	pcre2_match_context_free(work->context);
	pcre2_match_data_free(work->data);
}

int predicate_compile(struct predicate *predicate, struct err *err)
{
	const struct sigma_item *item = predicate->item;
	uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
	options |= item->flags & SIGMA_FLAG_I ? PCRE2_CASELESS : 0;
	options |= item->flags & SIGMA_FLAG_M ? PCRE2_MULTILINE : 0;
	options |= item->flags & SIGMA_FLAG_S ? PCRE2_DOTALL : 0;
	int code;
	size_t at;
	predicate->regex = pcre2_compile((PCRE2_SPTR)item->regex.p, item->regex.n, options, &code, &at, NULL);
	if (!predicate->regex) {
		char words[200] = "";
		pcre2_get_error_message(code, (PCRE2_UCHAR *)words, sizeof(words));
		return err_set(err, -EINVAL, "regular expression '%.*s': %s at character %zu", STR_ARG(item->regex), words, at + 1);
	}
	uint32_t shortest = 0; /* in characters */
	if (pcre2_pattern_info(predicate->regex, PCRE2_INFO_MINLENGTH, &shortest) == 0)
		predicate->shortest = shortest;
	(void)pcre2_jit_compile(predicate->regex, PCRE2_JIT_COMPLETE); /* where there is none, it is interpreted */
	return 0;
}

/* A dot does not match the end of a line, so all of the expression matches within one. */
static bool line_holds(const struct sigma_pattern *exact, struct str text)
{
	while (text.p) {
		struct str line = str_cut(&text, '\n');
		if (pattern_holds(exact, line))
			return true;
	}
	return false;
}

static bool regex_holds(const struct predicate *predicate, const struct value *value, struct regex_work *work)
{
	struct str text = value->text;
	if (text.n < predicate->shortest || (predicate->order.n && !pattern_holds(&predicate->order, value->folded)))
		return false;
	if (predicate->exact.n && utf8_valid(text))
		return line_holds(&predicate->exact, text);
	work->runs++;
	int r = pcre2_match(predicate->regex, (PCRE2_SPTR)(text.p ? text.p : ""), text.n, 0, 0, work->data, work->context);
	if (r >= 0)
		return true;
	if (r != PCRE2_ERROR_NOMATCH)
		work->limits++;
	return false;
}

/* ---- all of them ---- */

static bool number_holds(const struct sigma_item *item, struct str text)
{
	double value;
	if (item->part) {
		int64_t moment;
		if (!sigma_time_part(text, item->part, &moment))
			return false;
		value = (double)moment;
	} else if (!sigma_number(text, &value)) {
		return false;
	}
	switch (item->op) {
	case SIGMA_LT:
		return value < item->than;
	case SIGMA_LE:
		return value <= item->than;
	case SIGMA_GT:
		return value > item->than;
	case SIGMA_GE:
		return value >= item->than;
	default:
		return !(value < item->than) && !(value > item->than);
	}
}

bool predicate_holds(const struct predicate *predicate, const struct value *value, struct regex_work *work)
{
	switch (predicate->item->op) {
	case SIGMA_PATTERN:
		return pattern_holds(&predicate->pattern, predicate->item->cased ? value->text : value->folded);
	case SIGMA_REGEX:
		return regex_holds(predicate, value, work);
	case SIGMA_CIDR:
		return sigma_cidr_holds(&predicate->item->cidr, value->text);
	default:
		return number_holds(predicate->item, value->text);
	}
}

bool fieldref_holds(const struct sigma_item *item, struct str left, struct str right)
{
	if (right.n > left.n)
		return false;
	switch (item->how) {
	case SIGMA_CONTAINS:
		return right.n == 0 || memmem(left.p, left.n, right.p, right.n);
	case SIGMA_STARTS:
		return str_eq(str_slice(left, 0, right.n), right);
	case SIGMA_ENDS:
		return str_eq(str_slice(left, left.n - right.n, left.n), right);
	default:
		return str_eq(left, right);
	}
}
