/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * The XML of a Windows event as a flat object. Whole files are in tests/it/test_evtx.py.
 */
#include "events.h"

#include "event/parsers/evtx.h"

static void expect_json(const char *xml, int result, const char *json)
{
	ARENA(arena);
	BUF(out);
	struct evtx_values values = { 0 };
	assert_int_equal(evtx_xml_read(&arena, str_from(xml), &values), result);
	evtx_write_json(&values, &out);
	assert_string_equal(buf_cstr(&out), json);
}

static void the_parts_of_an_event(void **state)
{
	(void)state;
	expect_json("<Event xmlns=\"x\"><System><Provider Name=\"P &amp; Q\" Guid='{1}'/><EventID Qualifiers=\"0\">4688</EventID>"
	            "<TimeCreated SystemTime=\"2026-11-23T00:00:00Z\"/><Correlation/><Security UserID=\"S-1-5-18\"/></System>"
	            "<EventData><Data Name=\"SubjectLogonId\">0x00000000000003e7</Data><Data Name=\"Status\">0x00000000</Data>"
	            "<Data Name=\"Text\">0x0000001G</Data><Data Name=\"Empty\"/><Binary>00FF</Binary></EventData></Event>",
	            0,
	            "{\"Provider_Name\":\"P & Q\",\"Provider_Guid\":\"{1}\",\"EventID_Qualifiers\":0,\"EventID\":4688,"
	            "\"TimeCreated\":\"2026-11-23T00:00:00Z\",\"Security_UserID\":\"S-1-5-18\",\"SubjectLogonId\":\"0x3e7\","
	            "\"Status\":\"0x0\",\"Text\":\"0x0000001G\",\"Empty\":\"\",\"Binary\":\"00FF\"}");
	expect_json("<Event><UserData><EventXML xmlns='y'><User>a</User><Nested><Inner>b</Inner></Nested></EventXML></UserData></Event>", 0,
	            "{\"User\":\"a\",\"Nested.Inner\":\"b\"}");
	expect_json("<Event><EventData><Data>one</Data><Data>two &lt;&#x4e2d;&#10;</Data></EventData>"
	            "<RenderingInfo Culture=\"en\"><Message>said</Message><Level>Info</Level></RenderingInfo></Event>",
	            0, "{\"Data\":[\"one\",\"two <\xe4\xb8\xad\\n\"],\"Message\":\"said\","
	               "\"RenderingInfo.Level\":\"Info\"}");
}

static void broken_xml_gives_what_it_had(void **state)
{
	(void)state;
	expect_json("", -EINVAL, "{}");
	expect_json("<Event><System><EventID>1</EventID>", -EINVAL, "{\"EventID\":1}");
	expect_json("<Event><System><EventID>1</Event></System>", -EINVAL, "{}");
	expect_json("<Event><System><EventID a=b>1</EventID></System></Event>", -EINVAL, "{}");
	expect_json("<Event><EventData><Data Name=\"x", -EINVAL, "{}");
	assert_int_equal(parser_evtx.probe((struct str){ "ElfFile\0\0\0\0\0", 12 }), 100);
	assert_int_equal(parser_evtx.probe(STR("ElfFile")), 0);
	static const char headless[4200] = { [4096] = 'E', 'l', 'f', 'C', 'h', 'n', 'k' };
	assert_int_equal(parser_evtx.probe((struct str){ headless, sizeof(headless) }), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parts_of_an_event),
		cmocka_unit_test(broken_xml_gives_what_it_had),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
