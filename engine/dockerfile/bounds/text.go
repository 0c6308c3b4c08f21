package bounds

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// small is a text that cannot be too much for the parser, whatever is in it.
const small = 8 << 10

// checkText refuses a text that is too much for BuildKit's parser. It knows no more of the language than
// where an instruction ends. The error is an *Error.
func checkText(data []byte) error {
	if len(data) > maxText {
		return tooMuch(0, "it has %d bytes, more than %d", len(data), maxText)
	}
	if n := bytes.Count(data, []byte("\n")); n > maxLines {
		return tooMuch(0, "it has %d lines, more than %d", n, maxLines)
	}
	if len(data) <= small {
		return nil
	}
	t := text{escape: '\\', rest: data}
	if e, _, _, ok := parser.ParseDirective("escape", data); ok && e == "`" {
		t.escape = '`'
	}
	for t.read() {
		if err := t.check(); err != nil {
			return err
		}
	}
	return nil
}

// text gives the instructions of a Dockerfile one after the other, as BuildKit's parser finds them.
type text struct {
	escape byte
	rest   []byte
	line   int // of the line that was read last, counted from 1
	begin  int // the line in which the instruction begins
	one    []byte

	instructions, stages, words int
}

func (t *text) next() []byte {
	line, rest, _ := bytes.Cut(t.rest, []byte("\n"))
	t.rest = rest
	t.line++
	return bytes.TrimRight(line, "\r")
}

// read finds the next instruction, without comments, empty lines and heredocs.
func (t *text) read() bool {
	t.one = t.one[:0]
	begun := false
	for len(t.rest) > 0 {
		line := t.next()
		start := bytes.TrimLeftFunc(line, unicode.IsSpace)
		if len(start) == 0 || start[0] == '#' {
			continue
		}
		if !begun {
			begun, line, t.begin = true, start, t.line
		}
		part, goesOn := t.continued(line)
		t.one = append(t.one, part...)
		if !goesOn {
			break
		}
	}
	return begun
}

// continued takes the character off the end of a line that says that the instruction goes on.
func (t *text) continued(line []byte) ([]byte, bool) {
	part, ok := bytes.CutSuffix(bytes.TrimRight(line, " \t"), []byte{t.escape})
	if !ok || len(part) > 0 && part[len(part)-1] == t.escape {
		return line, false
	}
	return part, true
}

func (t *text) check() error {
	if t.instructions++; t.instructions > maxInstructions {
		return tooMuch(t.begin, "it has more than %d instructions", maxInstructions)
	}
	if n := depth(t.one); n > maxNesting {
		return tooMuch(t.begin, "variables stand in each other %d deep, more than %d", n, maxNesting)
	}
	name, args := instruction(t.one)
	if name == "from" {
		if t.stages++; t.stages > maxStages {
			return tooMuch(t.begin, "it has more than %d stages", maxStages)
		}
	}
	t.words += words(name, args)
	if (name == "run" || name == "copy" || name == "add") && bytes.Contains(args, []byte("<<")) {
		t.heredocs()
	}
	if t.words > maxWords {
		return tooMuch(t.begin, "its instructions have more than %d words", maxWords)
	}
	return nil
}

// instruction is the name of an instruction, in lower case, and what follows: of ONBUILD those of the
// one that it keeps.
func instruction(line []byte) (name string, args []byte) {
	args = line
	for {
		args = bytes.TrimLeftFunc(args, unicode.IsSpace)
		end := bytes.IndexFunc(args, unicode.IsSpace)
		if end < 0 {
			end = len(args)
		}
		if end > len("healthcheck") {
			return "", args
		}
		name, args = strings.ToLower(string(args[:end])), args[end:]
		if name != "onbuild" {
			return name, args
		}
	}
}

// words is at least how many parts the parser makes of the arguments of an instruction.
func words(name string, args []byte) int {
	script := name == "run" || name == "cmd" || name == "entrypoint" || name == "healthcheck"
	n, list := 1, false
	for field := range bytes.FieldsSeq(args) {
		option := bytes.HasPrefix(field, []byte("--"))
		if !script || option {
			n++
		}
		list = list || option || field[0] == '['
	}
	if !script || list { // of JSON, or of --mount
		n += bytes.Count(args, []byte(","))
	}
	return n
}

// heredocs passes over what belongs to an instruction and follows its line.
func (t *text) heredocs() {
	lex := shell.NewLex('\\')
	lex.RawQuotes, lex.RawEscapes, lex.SkipUnsetEnv = true, true, true
	found, err := lex.ProcessWords(string(t.one), none{})
	if err != nil {
		return // which the parser takes for none, too
	}
	for _, word := range found {
		doc := parser.MustParseHeredoc(word)
		if doc == nil {
			continue
		}
		t.words++
		for len(t.rest) > 0 {
			line := t.next()
			if doc.Chomp {
				line = bytes.TrimLeft(line, "\t")
			}
			if string(line) == doc.Name {
				break
			}
		}
	}
}

// none is an environment without variables.
type none struct{}

// Get implements shell.EnvGetter.
func (none) Get(string) (string, bool) { return "", false }

// Keys implements shell.EnvGetter.
func (none) Keys() []string { return nil }

// depth is at least how deep ${…} stand in each other. Quotes and escapes only make it less.
func depth(line []byte) int {
	deepest, now := 0, 0
	for i, c := range line {
		switch {
		case c == '$' && i+1 < len(line) && line[i+1] == '{':
			now++
			deepest = max(deepest, now)
		case c == '}' && now > 0:
			now--
		}
	}
	return deepest
}
