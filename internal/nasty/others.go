package nasty

import (
	"fmt"
	"strings"
)

// others are the families of all other files.
var others = []Family{
	{"ignore: stars and slashes", func(n int) Files { return ignore(strings.Repeat("**/", 20_000) + "\n") }},
	{"ignore: stars and slashes in lines", func(n int) Files { return ignore(lines(n, strings.Repeat("**/", 1000)+"x")) }},
	{"ignore: brackets", func(n int) Files { return ignore(strings.Repeat("[", 60_000) + "\n") }},
	{"ignore: a*", func(n int) Files { return ignore(lines(n, strings.Repeat("a*", 2000))) }},
	{"ignore: a long name", func(n int) Files { return ignore(lines(n, strings.Repeat("a", 60_000))) }},
	{"ignore: patterns", func(n int) Files { return ignore(lines(n, "?")) }},
	{"ignore: patterns with exceptions", func(n int) Files { return ignore(lines(n, "*\n!?")) }},
	{"ignore: patterns and files", func(n int) Files {
		files := ignore(lines(n, "**/?x"))
		for i := range 200 {
			files[fmt.Sprintf("images/a/d/d/d/d/f%d", i)] = ""
		}
		return files
	}},
	{"ignore: a long line", func(n int) Files { return ignore(strings.Repeat("*", n)) }},
	{"changelog: entries", func(n int) Files { return with(Files{"images/a/changelog": lines(n, entry)}) }},
	{"changelog: headings", func(n int) Files { return with(Files{"images/a/changelog": entry + lines(n, "a (1) b; c")}) }},
	{"changelog: lines", func(n int) Files {
		return with(Files{"images/a/changelog": strings.Replace(entry, "  * First.\n", lines(n, "  *"), 1)})
	}},
	{"changelog: a long line", func(n int) Files {
		return with(Files{"images/a/changelog": strings.Replace(entry, "First", strings.Repeat("x", n), 1)})
	}},
	{"changelog: a long version", func(n int) Files {
		return with(Files{"images/a/changelog": strings.Replace(entry, "1.0", strings.Repeat("1", n), 1)})
	}},
	{"changelog: a long name", func(n int) Files {
		return with(Files{"images/a/changelog": strings.Replace(entry, "a (", strings.Repeat("a", n)+" (", 1)})
	}},
	{"changelog: settings", func(n int) Files {
		return with(Files{"images/a/changelog": strings.Replace(entry, "urgency=low", repeat(n, "urgency=low,"), 1)})
	}},
	{"changelog: what fits nothing", func(n int) Files { return with(Files{"images/a/changelog": entry + lines(n, "?")}) }},
	{"control: dependencies", func(n int) Files {
		return control("Build-Depends: x" + counted(n, "", ", p%[1]d") + "\n")
	}},
	{"control: dependencies in lines", func(n int) Files { return control("Build-Depends: x,\n" + counted(n, "", " p%[1]d,\n")) }},
	{"control: the same dependency", func(n int) Files { return control("Depends: x" + repeat(n, ", a") + "\n") }},
	{"control: alternatives", func(n int) Files { return control("Depends: x" + counted(n, "", " | p%[1]d") + "\n") }},
	{"control: fields", func(n int) Files { return control(counted(n, "", "F%[1]d: 1\n")) }},
	{"control: the same field", func(n int) Files { return control(lines(n, "Depends: x")) }},
	{"control: paragraphs", func(n int) Files { return control(lines(n, "Depends: x\n")) }},
	{"control: brackets", func(n int) Files { return control("Depends: a " + repeat(n, "<a> ") + "\n") }},
	{"control: open brackets", func(n int) Files { return control("Depends: a" + repeat(n, "(") + "\n") }},
	{"control: names without commas", func(n int) Files { return control("Depends: " + repeat(n, "a ") + "\n") }},
	{"control: a long name", func(n int) Files { return control("Depends: " + strings.Repeat("a", n) + "\n") }},
	{"configuration: depth", func(n int) Files { return configuration("x: " + strings.Repeat("[", n) + "\n") }},
	{"configuration: depth in blocks", func(n int) Files { return configuration("x:\n" + blocks(1400)) }},
	{"configuration: depth of maps", func(n int) Files { return configuration("x: " + nested(n, "{a: ", "1", "}") + "\n") }},
	{"configuration: aliases", func(n int) Files { return configuration(aliases(30)) }},
	{"configuration: merged aliases", func(n int) Files { return configuration(merges(30)) }},
	{"configuration: keys", func(n int) Files { return configuration(counted(n, "", "k%[1]d: 1\n")) }},
	{"configuration: the same key", func(n int) Files { return configuration(lines(n, "k: 1")) }},
	{"configuration: a list", func(n int) Files { return configuration("x: [" + repeat(n, "1,") + "1]\n") }},
	{"configuration: base images", func(n int) Files { return configuration("base_images: [" + repeat(n, "a,") + "a]\n") }},
	{"configuration: excludes", func(n int) Files { return configuration("slipway: {exclude: [" + repeat(n, "'*',") + "'*']}\n") }},
	{"configuration: an exclude of many stars", func(n int) Files {
		files := configuration("slipway: {exclude: ['" + strings.Repeat("*a", n/2) + "b']}\n")
		files["images/"+strings.Repeat("a", 200)+"/x"] = ""
		return files
	}},
	{"configuration: lint_ignore", func(n int) Files { return configuration("lint_ignore: [" + repeat(n, "'stale-date *a*',") + "x]\n") }},
	{"configuration: a long number", func(n int) Files { return configuration("x: " + strings.Repeat("9", n) + "\n") }},
	{"configuration: numbers", func(n int) Files { return configuration("x: [" + repeat(n, strings.Repeat("9", 3000)+",") + "1]\n") }},
	{"configuration: a long text", func(n int) Files { return configuration("x: \"" + strings.Repeat("a", n) + "\"\n") }},
	{"list: entries", func(n int) Files {
		return configuration("builder: {images: [" + counted(n, "", "{name: n%[1]d, from: ./images/a, tags: [1]},") + "]}\n")
	}},
	{"list: aliases", func(n int) Files { return configuration("builder:\n  images:\n" + listAliases()) }},
	{"list: tags", func(n int) Files {
		return configuration("builder: {images: [{name: b, from: ./images/a, tags: [1" + counted(n, "", ",t%[1]d") + "]}]}\n")
	}},
	{"list: arguments", func(n int) Files {
		return configuration("builder: {images: [{name: b, from: ./images/a, args: {a: 1" + counted(n, "", ", a%[1]d: 1") + "}}]}\n")
	}},
	{"list: depends", func(n int) Files {
		return configuration("builder: {images: [{name: b, from: ./images/a, depends: [a" + counted(n, "", ", a%[1]d") + "]}]}\n")
	}},
	{"list: doubling arguments", func(n int) Files {
		files := configuration("builder: {images: [{name: b, from: ./images/a, dockerfile: Dockerfile.template, args: {A: " + strings.Repeat("x", 100_000) + "}}]}\n")
		files["images/a/Dockerfile.template"] = "ARG A\n" + strings.Repeat("ARG A=$A$A\n", 20) + "FROM scratch\nARG A\nARG B=$A$A\n" + strings.Repeat("ENV B=$B$B$A\n", 20)
		return files
	}},
	{"template: findings", func(n int) Files {
		return dockerfile("FROM scratch\n" + lines(n, "ADD http://x /"))
	}},
	{"images", func(n int) Files {
		files := with(nil)
		for i := range 1000 {
			name := fmt.Sprintf("n%d", i)
			files["images/"+name+"/changelog"] = strings.Replace(entry, "a (", name+" (", 1)
			files["images/"+name+"/Dockerfile.template"] = "FROM scratch\n"
			files["images/"+name+"/control"] = "Depends: " + counted(800, "", "n%[1]d, ") + "\n"
		}
		return files
	}},
}

func ignore(text string) Files {
	return with(Files{"images/a/.dockerignore": text, "images/a/file": "", "images/a/d/file": ""})
}

func control(text string) Files { return with(Files{"images/a/control": text}) }

func configuration(text string) Files { return with(Files{"config.yaml": text}) }

func blocks(deep int) string {
	var b strings.Builder
	for i := range deep {
		fmt.Fprintf(&b, "%sa:\n", strings.Repeat(" ", i+1))
	}
	return b.String()
}

func aliases(deep int) string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x]\n")
	for i := range deep {
		fmt.Fprintf(&b, "a%d: &a%d [*a%d, *a%d]\n", i+1, i+1, i, i)
	}
	return b.String()
}

func merges(deep int) string {
	var b strings.Builder
	b.WriteString("a0: &a0 {x: 1}\n")
	for i := range deep {
		fmt.Fprintf(&b, "a%d: &a%d {<<: [*a%d, *a%d], k%d: [*a%d, *a%d]}\n", i+1, i+1, i, i, i, i, i)
	}
	return b.String()
}

func listAliases() string {
	return "  - &e {name: b, from: ./images/a, tags: [1]}\n" + strings.Repeat("  - *e\n", 100_000)
}
