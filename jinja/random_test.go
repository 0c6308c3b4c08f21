package jinja_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// author makes random templates that set, read and lose names in every kind of scope.
type author struct {
	*rand.Rand
	out   strings.Builder
	depth int
	loops int
	defs  int  // macros and blocks
	plain bool // expressions that hardly fail, so that scopes are seen
}

func (a *author) of(choices ...string) string { return choices[a.IntN(len(choices))] }

func (a *author) put(format string, args ...any) { fmt.Fprintf(&a.out, format, args...) }

// name is one of few, so that scopes meet. Some are given to the template, most are not.
func (a *author) name() string { return a.of("a", "b", "c", "n", "text", "list", "map") }

func (a *author) body() {
	a.depth++
	defer func() { a.depth-- }()
	for range 1 + a.IntN(1+2/a.depth) {
		a.statement()
	}
}

func (a *author) statement() {
	choice := a.IntN(14)
	if a.depth > 3 {
		choice %= 5
	}
	switch choice {
	case 0:
		a.put("%s", a.of(".", " ", "x\n", "<b>"))
	case 1, 2:
		a.put("{{ %s }}", a.expr(2))
	case 3, 4:
		a.put("{%% set %s = %s %%}", a.targets(), a.expr(2))
	case 5:
		a.put("{%% set %s%s %%}", a.target(), a.of("", "", "|upper", "|trim|replace('x', 'y')"))
		a.body()
		a.put("{%% endset %%}")
	case 6, 7, 8:
		a.ifs()
	case 9:
		a.loop()
	case 10:
		a.put("{%% with %s = %s %%}", a.name(), a.expr(1))
		a.body()
		a.put("{%% endwith %%}")
	case 11:
		a.macro()
	case 12:
		a.put("{%% filter %s %%}", a.of("upper", "trim", "default('d')", "indent(1, true)", "escape"))
		a.body()
		a.put("{%% endfilter %%}")
	case 13:
		a.block()
	}
}

func (a *author) block() {
	a.defs++
	a.put("{%% block b%d %s%%}", a.defs, a.of("", "scoped ", "required "))
	a.body()
	a.put("{%% endblock %%}")
}

func (a *author) ifs() {
	a.put("{%% if %s %%}", a.expr(1))
	a.body()
	for range a.IntN(2) {
		a.put("{%% elif %s %%}", a.expr(1))
		a.body()
	}
	if a.IntN(2) == 0 {
		a.put("{%% else %%}")
		a.body()
	}
	a.put("{%% endif %%}")
}

func (a *author) loop() {
	a.loops++
	a.put("{%% for %s in %s%s%s %%}", a.of("a", "b", "c", "a, b", "n"), a.of("[1, 2]", "list", "map.items()", "'xy'", "[(1, 2), (3, 4)]", "[]", "range(2)", a.name()),
		a.of("", "", " if a", " if loop.first is defined or b"), a.of("", "", "", " recursive"))
	if a.IntN(3) == 0 {
		a.put("{{ loop.%s }}", a.of("index", "last", "previtem|default('-')", "changed(n)", "cycle('o', 'e')", "depth"))
	}
	a.body()
	if a.IntN(3) == 0 {
		a.put("{%% else %%}")
		a.body()
	}
	a.put("{%% endfor %%}")
}

func (a *author) macro() {
	a.defs++
	m := fmt.Sprintf("m%d", a.defs)
	a.put("{%% macro %s(%s) %%}", m, a.of("", "a", "a, b=n", "a=1, caller=none", "c=[a]"))
	a.body()
	if a.IntN(3) == 0 {
		a.put("{{ %s }}", a.of("caller()", "varargs", "kwargs", "caller() if caller is defined else '-'", m+".name"))
	}
	a.put("{%% endmacro %%}")
	args := a.of("", a.expr(1), a.expr(1)+", "+a.expr(1), "b="+a.expr(1))
	if a.IntN(3) == 0 {
		a.put("{%% call%s %s(%s) %%}", a.of("", "(a)", "(b=2)"), m, args)
		a.body()
		a.put("{%% endcall %%}")
	} else {
		a.put("{{ %s(%s) }}", m, args)
	}
}

func (a *author) target() string {
	if a.IntN(4) == 0 {
		return a.of("ns", "ns", "ns", "map", "a", "nowhere") + "." + a.of("a", "b", "x")
	}
	return a.name()
}

func (a *author) targets() string {
	switch a.IntN(6) {
	case 0:
		return a.target() + ", " + a.target()
	case 1:
		return a.of("(a, b)", "a, (b, c)", "ns.a, (b, c)", "(ns.a)", "a,", "ns.a,", "true.a", "a.b.c", "loop", "[a, b]", "(ns.a, b)", "ns['a']", "1", "namespace.a")
	}
	return a.target()
}

var (
	plainExprs  = strings.Split("NAME|default('?'); NAME|default('?'); NAME; 1; 0; 'x'; (ns.a|default('-')); NAME is defined; (1, 2); namespace()", "; ")
	simpleExprs = strings.Split("NAME; NAME; ns.a; ns.b; ns.x; 1; 0; -2; 1.5; 'x'; ''; '1e10000'; '1e5'; 'inf'; '<a>'; none; true; [1, 2]; (1, 2); {'a': 1}; "+
		"loop.index; namespace(); namespace(a=1); map.a; list[0]; text[1:]; self.b1(); '@a@b.de c@d.ef'; '<!<!-- x -->-- y -->'; ('<i>'|safe); (1 if '')", "; ")
	someFilters = strings.Fields("int int int(7) float string default(1) default(2,true) length list join(',') first last sort unique|list upper e striptags urlize " +
		"xmlattr tojson map('int')|list select('defined')|list select|list sum batch(2)|list reverse|list round abs title trim replace('x','<') attr('a') items|list " +
		"dictsort groupby(0)|list pprint wordcount center(5) format(1) indent min max urlencode filesizeformat truncate(3)")
	someTests = strings.Split("defined; undefined; none; number; string; mapping; sequence; iterable; odd; even; divisibleby 2; sameas none; escaped; lower; "+
		"callable; in [1, 2]; eq 1; filter; integer; boolean", "; ")
	textMethods = strings.Split(".upper(); .replace('e', '<'); .split('t'); .startswith('t'); .removeprefix('t'); .removesuffix('t'); .casefold(); .format(1); "+
		".format_map({}); .join(['a', '<']); .find('x'); .zfill(8)", "; ")
	safeMethods = strings.Split(".format(1, a='<'); .format_map({'a': '<'}); .removeprefix('<i>'); .removesuffix('s'); .casefold(); .upper(); % '<'; ~ '<'; + '<'; "+
		"|striptags; |upper; |e; |length; |replace('i', '<'); [1:]; |truncate(4)", "; ")
)

func (a *author) expr(depth int) string {
	if a.plain {
		return strings.ReplaceAll(a.of(plainExprs...), "NAME", a.name())
	}
	if depth == 0 || a.IntN(3) == 0 {
		return strings.ReplaceAll(a.of(simpleExprs...), "NAME", a.name())
	}
	x, y := a.expr(depth-1), a.expr(depth-1)
	switch a.IntN(8) {
	case 0:
		return "(" + x + " " + a.of("+", "-", "*", "~", "and", "or", "==", "<", "in", "not in", "//", "%", "/") + " " + y + ")"
	case 1:
		return "(" + x + " if " + y + a.of("", " else "+a.expr(depth-1)) + ")"
	case 2, 3:
		return x + "|" + a.of(someFilters...)
	case 4:
		return "(" + x + " is " + a.of(someTests...) + ")"
	case 5:
		return fmt.Sprintf(a.of("[%s, %s]", "(%s, %s)", "[%s] + [%s]", "{'k': %s, 'l': %s}", "{%s: %s}"), x, y)
	case 6:
		return "text" + a.of(textMethods...)
	}
	return "('<i>{a}</i>%s'|safe)" + a.of(safeMethods...)
}

// givenVars are what random templates may read.
var givenVars = []string{
	`{}`,
	`{"n": 3, "text": "text <x>", "list": [3, 1, 2], "map": {"a": 1, "b": [2]}}`,
	`{"a": 1, "b": "x", "n": 2.5, "text": "tt", "list": ["b", "a"], "map": {}}`,
}

func randomCases(n int) []corpusCase {
	var cases []corpusCase
	for i := range n {
		a := &author{Rand: rand.New(rand.NewPCG(316, uint64(i))), plain: i%2 == 0}
		if a.IntN(4) > 0 {
			a.put("{%% set ns = namespace(%s) %%}", a.of("", "a=1", "a=1, b=[]"))
		}
		a.body()
		cases = append(cases, corpusCase{
			Name: strconv.Itoa(i), Template: a.out.String(), Vars: json.RawMessage(a.of(givenVars...)),
			Options: map[string]bool{"autoescape": a.IntN(3) == 0, "trim_blocks": a.IntN(2) == 0},
		})
	}
	return cases
}

var randomTemplates = flag.Int("random", 1500, "how many random templates are compared with Jinja2's")

// TestRandomTemplatesAgainstJinja2 renders random templates with both. Where both fail, they may give
// different reasons: Slipway reports an undefined name where others report what was done with it.
func TestRandomTemplatesAgainstJinja2(t *testing.T) {
	cases := randomCases(*randomTemplates)
	want := jinja2(t, writeCases(t, cases))
	good := 0
	for _, c := range cases {
		got, w := c.render(t), want[c.Name]
		if w.Error == "NameError" || w.Error != "" && got.Error != "" {
			continue // a NameError is a fault of Jinja2's: it writes an infinite constant as the name inf
		}
		if got.Error == "" {
			good++
		}
		if diff := cmp.Diff(w, got); diff != "" {
			t.Errorf("%s\nvars %s options %v\n(-jinja2 +slipway)\n%s", c.Template, c.Vars, c.Options, diff)
		}
	}
	if good < len(cases)/6 {
		t.Errorf("%d of %d templates have a result: the test tests too little", good, len(cases))
	}
}

// writeCases writes a file for make-corpus.py.
func writeCases(t *testing.T, cases []corpusCase) string {
	t.Helper()
	var all []map[string]any
	for _, c := range cases {
		all = append(all, map[string]any{"name": c.Name, "template": c.Template, "vars": c.Vars, "options": c.Options})
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cases.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
