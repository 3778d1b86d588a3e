package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// target is one fuzz target.
type target struct{ folder, name string }

// fuzzTarget finds the head of one in a file.
var fuzzTarget = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

// targets finds every fuzz target below a folder: a new one needs no registration.
func targets(root string) (all []target, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, found := range fuzzTarget.FindAllSubmatch(text, -1) {
			all = append(all, target{filepath.Dir(path), string(found[1])})
		}
		return nil
	})
	return all, err
}

// fuzz runs every target for some seconds, one after the other as go test wants it, and goes on when one fails.
func fuzz(ctx context.Context, seconds uint64, env []string, out, progress io.Writer) error {
	all, err := targets(".")
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return errors.New("no fuzz targets; run it at the root of the module")
	}
	var failed error
	for _, t := range all {
		_, _ = fmt.Fprintf(out, "--- %s in %s\n", t.name, t.folder)
		test := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", fmt.Sprint(seconds, "s"), "-parallel", "2", "./"+t.folder)
		test.Env, test.Stdout, test.Stderr = env, out, progress
		if err := test.Run(); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s in %s: %w", t.name, t.folder, err))
		}
	}
	return failed
}
