package bounds

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

var parts = []string{
	"$A", "${A}", "$B", "${C}", "$N", "${N:-", "${A-", "${A:+", "${B+", "${N?", "${A#", "${B##", "${A%", "${B%%", "${A/", "${A//", "/", "}", "}", "}",
	"'", "\"", "\\", "`", "x", "y", "*", "?", " ", "<<", "<", "$", "${", "$$", "$1", "$12", "é", "${A:", "{", "\n",
}

func randomWord(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(16) {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String()
}

func someVariables() *variables {
	v := newVariables()
	v.put("A", "xyxyx", 0)
	v.put("B", "*x\\y'\"$A", 0)
	v.put("C", "", 0)
	return v
}

// measured holds what is measured of a word to what BuildKit's lexer makes of it.
func measured(t *testing.T, word string, escape rune, quotes bool) (expanded bool) {
	t.Helper()
	for _, skip := range []bool{false, true} {
		lex := shell.NewLex(escape)
		lex.SkipProcessQuotes, lex.SkipUnsetEnv = !quotes, skip
		lex.RawQuotes = skip // as where steps get their names
		m := newMeasure(word, escape, quotes, someVariables())
		n := m.whole()
		value, _, err := lex.ProcessWord(word, someVariables())
		if err != nil {
			continue
		}
		expanded = true
		if len(value) > n.known {
			t.Errorf("%q becomes %q, which has %d bytes; measured were %d", word, value, len(value), n.known)
		}
		if n.known > 4*len(word)+20*strings.Count(word, "$")*(len(value)+20)*(len(value)+20) {
			t.Errorf("%q becomes %q; measured were %d bytes, which is far too much", word, value, n.known)
		}
		if m.deep == 0 && strings.Contains(word, "${") && len(value) > 0 && m.work == 0 {
			t.Errorf("%q takes no steps", word)
		}
	}
	return expanded
}

// TestMeasure: no word gets longer than was measured, whatever is in it.
func TestMeasure(t *testing.T) {
	expanded := 0
	for seed := range uint64(30_000) {
		r := rand.New(rand.NewPCG(seed, 11))
		if measured(t, randomWord(r), []rune("\\`")[seed%2], seed%3 > 0) {
			expanded++
		}
	}
	if expanded < 3_000 {
		t.Errorf("only %d words could be expanded", expanded)
	}
}

func FuzzMeasure(f *testing.F) {
	for _, word := range []string{"$A${A:-${B}}", "${A//x/$B$B}", "${A/'}'/\"}$A\"}", "${N:-'}$A'}", "\\$A", "'$A'", "${A##*x}", "<<$A", "${A:-${A:-${A:-x}}}", "\x88", "${0:0}", "${%0}", "${00}"} {
		f.Add(word, false, true)
		f.Add(word, true, false)
	}
	f.Fuzz(func(t *testing.T, word string, backtick, quotes bool) {
		escape := '\\'
		if backtick {
			escape = '`'
		}
		if depth([]byte(word)) <= maxNesting {
			measured(t, word, escape, quotes)
		}
	})
}

// instructionsOf counts without the fast way for small texts.
func instructionsOf(data []byte) (int, error) {
	t := text{escape: '\\', rest: data}
	if e, _, _, ok := parser.ParseDirective("escape", data); ok && e == "`" {
		t.escape = '`'
	}
	for t.read() {
		if err := t.check(); err != nil {
			return 0, err
		}
	}
	return t.instructions, nil
}

func counted(t *testing.T, text string) (parsed bool) {
	t.Helper()
	n, err := instructionsOf([]byte(text))
	if err != nil {
		return false
	}
	tree, err := parser.Parse(strings.NewReader(text))
	if err != nil {
		return false
	}
	if want := len(tree.AST.Children); n < want {
		t.Errorf("%q has %d instructions, counted were %d", text, want, n)
	}
	return true
}

// TestCountsInstructions: the parser never finds more instructions than were counted.
func TestCountsInstructions(t *testing.T) {
	lines := []string{
		"FROM a", "RUN x \\", "RUN <<E", "E", "RUN cat <<E <<-'F'", "\tF", "F", "# x", "", "  ", "COPY <<\"E\" /f", "y", "\\", "# escape=`", "x `", "ONBUILD RUN <<E",
		"RUN [\"<<E\"]", "ENV a=<<E", "\ufeffRUN x", "RUN \"<<E\"", "\\  ", "x \\\\", "RUN 3<<E x", "RUN x<<E", "ADD <<E /", "#", "LABEL a='", "RUN '<<E",
	}
	parsed := 0
	for seed := range uint64(20_000) {
		r := rand.New(rand.NewPCG(seed, 12))
		var all []string
		for range 1 + r.IntN(12) {
			all = append(all, lines[r.IntN(len(lines))])
		}
		if counted(t, strings.Join(all, []string{"\n", "\r\n"}[seed%2])) {
			parsed++
		}
	}
	if parsed < 1_000 {
		t.Errorf("only %d texts could be parsed", parsed)
	}
}

func FuzzCountsInstructions(f *testing.F) {
	f.Add("FROM a\nRUN <<E\nx\nE\nRUN y \\\n # z\n\n z\n")
	f.Fuzz(func(t *testing.T, text string) { counted(t, text) })
}
