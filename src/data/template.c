/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "data/template.h"

#include "data/json.h"
#include "data/xml.h"

struct render {
	struct buf *out;
	const struct source *page;
	enum lang lang;
	const struct doc *contexts[TEMPLATE_DEPTH];
	size_t depth;
};

struct tag {
	char kind;       /* 0: a value; '#' '^' '/' '_' '!' */
	struct str name; /* without kind and white space */
	size_t from, to; /* in the page's text; of a tag alone on its line: the whole line */
};

static int tag_err(const struct render *render, size_t at, struct err *err, const char *what, struct str name)
{
	const struct doc place = { .at = (uint32_t)at };
	const struct source source = { .name = render->page->name, .text = render->page->text };
	return doc_err(&source, &place, err, "%s '%.*s'", what, STR_ARG(name));
}

/* A tag that is alone on its line and shows nothing itself takes the line with it. */
static void tag_take_line(struct str text, struct tag *tag)
{
	size_t from = tag->from, to = tag->to;
	if (tag->kind == 0 || tag->kind == '_')
		return;
	while (from > 0 && (text.p[from - 1] == ' ' || text.p[from - 1] == '\t'))
		from--;
	while (to < text.n && (text.p[to] == ' ' || text.p[to] == '\t'))
		to++;
	if ((from == 0 || text.p[from - 1] == '\n') && to < text.n && text.p[to] == '\n') {
		tag->from = from;
		tag->to = to + 1;
	}
}

/* The next tag from `at`; 0 when there is none, 1 found, -EINVAL. */
static int tag_next(const struct render *render, size_t at, size_t end, struct tag *tag, struct err *err)
{
	struct str text = str_slice(render->page->text, 0, end), rest = str_slice(text, at, end);
	ptrdiff_t open = str_find(rest, "{{");
	if (open < 0)
		return 0;
	struct str inner = str_slice(rest, (size_t)open + 2, rest.n);
	ptrdiff_t close = str_find(inner, "}}");
	if (close < 0)
		return tag_err(render, at + (size_t)open, err, "no }} closes", str_slice(inner, 0, MIN(inner.n, (size_t)20)));
	inner = str_slice(inner, 0, (size_t)close);
	*tag = (struct tag){
		.from = at + (size_t)open,
		.to = at + (size_t)open + 2 + (size_t)close + 2,
	};
	if (inner.n && strchr("#^/_!", inner.p[0])) {
		tag->kind = inner.p[0];
		inner = str_slice(inner, 1, inner.n);
	}
	tag->name = tag->kind == '_' ? inner : str_trim(inner);
	tag_take_line(render->page->text, tag);
	return 1;
}

static const struct doc *look_up(const struct render *render, struct str name)
{
	if (str_is(name, "."))
		return render->contexts[render->depth - 1];
	struct str rest = name, first = str_cut(&rest, '.');
	const struct doc *value = NULL;
	for (size_t i = render->depth; i-- > 0 && !value;)
		value = doc_get(render->contexts[i], first);
	while (value && rest.p)
		value = doc_get(value, str_cut(&rest, '.'));
	return value;
}

static bool is_true(const struct doc *value)
{
	switch (value->type) {
	case DOC_BOOL:
		return value->boolean;
	case DOC_INT:
		return value->integer != 0;
	case DOC_REAL:
		return true;
	case DOC_STRING:
	case DOC_ARRAY:
		return value->n > 0;
	case DOC_MAP:
		return true;
	default:
		return false;
	}
}

static void add_value(struct buf *out, const struct doc *value)
{
	if (value->type == DOC_STRING)
		xml_add(out, doc_string(value));
	else if (value->type == DOC_INT)
		buf_printf(out, "%lld", (long long)value->integer);
	else if (value->type == DOC_REAL)
		json_add_double(out, value->real);
	else if (value->type == DOC_BOOL)
		buf_puts(out, value->boolean ? "true" : "false");
}

/* The offset of the tag that closes the section, and where its body ends. */
static int section_end(const struct render *render, const struct tag *open, size_t end, struct tag *close,
                       struct err *err)
{
	size_t at = open->to, nested = 0;
	for (;;) {
		int r = tag_next(render, at, end, close, err);
		if (r < 0)
			return r;
		if (r == 0)
			return tag_err(render, open->from, err, "nothing closes the section", open->name);
		if (close->kind == '#' || close->kind == '^')
			nested++;
		else if (close->kind == '/' && nested-- == 0)
			break;
		at = close->to;
	}
	if (!str_eq(close->name, open->name))
		return tag_err(render, close->from, err, "another section is open here than", close->name);
	return 0;
}

static int render_range(struct render *render, size_t at, size_t end, struct err *err);

static int render_inside(struct render *render, const struct doc *context, size_t from, size_t to, struct err *err)
{
	if (render->depth == TEMPLATE_DEPTH)
		return err_set(err, -EINVAL, "%s: sections are nested too deep", render->page->name);
	render->contexts[render->depth++] = context;
	int r = render_range(render, from, to, err);
	render->depth--;
	return r;
}

static int render_section(struct render *render, const struct tag *open, const struct tag *close, struct err *err)
{
	const struct doc *value = look_up(render, open->name);
	if (!value)
		return tag_err(render, open->from, err, "there is no value", open->name);
	bool show = is_true(value);
	if (open->kind == '^')
		return show ? 0 : render_range(render, open->to, close->from, err);
	if (!show)
		return 0;
	if (value->type != DOC_ARRAY)
		return render_inside(render, value, open->to, close->from, err);
	for (size_t i = 0; i < value->n; i++) {
		int r = render_inside(render, &value->items[i], open->to, close->from, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int render_range(struct render *render, size_t at, size_t end, struct err *err)
{
	struct str text = render->page->text;
	struct tag tag, close;
	int r;
	while ((r = tag_next(render, at, end, &tag, err)) == 1) {
		buf_add(render->out, str_slice(text, at, MAX(tag.from, at)));
		at = tag.to;
		const struct doc *value;
		switch (tag.kind) {
		case '!':
			break;
		case '_':
			xml_add(render->out, tr_str(render->lang, tag.name));
			break;
		case '/':
			return tag_err(render, tag.from, err, "no section is open for", tag.name);
		case '#':
		case '^':
			r = section_end(render, &tag, end, &close, err);
			if (r == 0)
				r = render_section(render, &tag, &close, err);
			if (r < 0)
				return r;
			at = close.to;
			break;
		default:
			value = look_up(render, tag.name);
			if (!value)
				return tag_err(render, tag.from, err, "there is no value", tag.name);
			add_value(render->out, value);
		}
	}
	if (r < 0)
		return r;
	buf_add(render->out, str_slice(text, at, end));
	return 0;
}

int template_render(struct buf *out, const struct source *page, const struct doc *values, enum lang lang,
                    struct err *err)
{
	struct render render = { .out = out, .page = page, .lang = lang };
	if (page->text.n > UINT32_MAX)
		return err_set(err, -E2BIG, "%s: too large", page->name);
	return render_inside(&render, values, 0, page->text.n, err);
}
