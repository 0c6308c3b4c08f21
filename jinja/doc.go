// Package jinja is a small engine for the Jinja2 3.1 template language whose
// output is that of the Python implementation, byte for byte: values print,
// compare and format as Python's do. Templates are untrusted: time, memory and
// recursion are bounded, and nothing but the Loader reads files.
//
// An Env has the filters, tests, functions and options; Parse and Get make a
// Template of it, and Render executes that with Vars. A program adds filters with
// AddFilter and AddValueFilter, tests with AddTest, functions with AddFunction
// and other values with AddGlobal: see the example.
//
// The packages below it:
//
//   - jinja/syntax reads a source: lexer, parser, tree, and the binding of names.
//   - jinja/python has the values: how they convert, compare, print and format,
//     and their methods.
//   - jinja executes the tree: frames, templates that take in others, filters
//     and tests.
//   - jinja/inspect judges a template: all faults, branches that were not taken,
//     where each line comes from.
//
// Where something new goes:
//
//   - A filter is an addFilter in the one of the filters_*.go that fits, with a
//     signature as Python's. What it does with values is a method of
//     python.Runtime, which counts what it makes; a filter that is a method of
//     str is a textFilter.
//   - A test is an addTest in tests.go. One that takes undefined values also stands in
//     the list harmless of jinja/inspect.
//   - A function that every template sees is an add in globals.go.
//   - A statement or expression is a type and a function of the parser in
//     jinja/syntax, whose package page lists the places, and a case in exec or
//     eval here. If it makes names, spoil in trace.go and inspect's stmt know it.
//   - A method of a value is an entry of its type's table in jinja/python:
//     str_*.go, list_methods.go (lists, tuples, dicts), number_methods.go,
//     bytes.go, date_*.go.
//   - A value that only the evaluator has, such as a loop, is a python.Object.
//
// Each gets cases in testdata/corpus; make-corpus.py fills in what Jinja2 itself
// makes of them.
package jinja
