//go:build !linux

package journal

import "os"

func reserve(*os.File) {}

func dataSync(f *os.File) error { return f.Sync() }
