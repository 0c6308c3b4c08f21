package syntax

import "github.com/slipway-build/slipway/jinja/python"

// kind is the type of a token.
type kind uint8

const (
	tEOF kind = iota
	tData
	tVarBegin
	tVarEnd
	tBlockBegin
	tBlockEnd
	tName
	tString
	tInteger
	tFloat
	tAdd
	tSub
	tMul
	tDiv
	tFloorDiv
	tMod
	tPow
	tTilde
	tLBracket
	tRBracket
	tLParen
	tRParen
	tLBrace
	tRBrace
	tEq
	tNe
	tGt
	tGe
	tLt
	tLe
	tAssign
	tDot
	tColon
	tPipe
	tComma
	tSemicolon
)

var kindNames = [...]string{
	tEOF: "end of template", tData: "template data / text",
	tVarBegin: "begin of print statement", tVarEnd: "end of print statement",
	tBlockBegin: "begin of statement block", tBlockEnd: "end of statement block",
	tName: "name", tString: "string", tInteger: "integer", tFloat: "float",
	tAdd: "+", tSub: "-", tMul: "*", tDiv: "/", tFloorDiv: "//", tMod: "%", tPow: "**", tTilde: "~",
	tLBracket: "[", tRBracket: "]", tLParen: "(", tRParen: ")", tLBrace: "{", tRBrace: "}",
	tEq: "==", tNe: "!=", tGt: ">", tGe: ">=", tLt: "<", tLe: "<=", tAssign: "=",
	tDot: ".", tColon: ":", tPipe: "|", tComma: ",", tSemicolon: ";",
}

var operators1 = [128]kind{
	'+': tAdd, '-': tSub, '/': tDiv, '*': tMul, '%': tMod, '~': tTilde,
	'[': tLBracket, ']': tRBracket, '(': tLParen, ')': tRParen, '{': tLBrace, '}': tRBrace,
	'>': tGt, '<': tLt, '=': tAssign, '.': tDot, ':': tColon, '|': tPipe, ',': tComma, ';': tSemicolon,
}

var operators2 = map[string]kind{
	"//": tFloorDiv, "**": tPow, "==": tEq, "!=": tNe, ">=": tGe, "<=": tLe,
}

// token is one lexical element. val holds text, names and decoded strings, num
// the value of a number.
type token struct {
	kind kind
	line int
	val  string
	num  python.Value
}

func (t token) describe() string {
	if t.kind == tName {
		return t.val
	}
	return kindNames[t.kind]
}

func (t token) isName(name string) bool { return t.kind == tName && t.val == name }
