package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "holdfast"

// listed is what this test needs of `go list -json`.
type listed struct {
	ImportPath   string
	Dir          string
	Name         string
	Doc          string
	Standard     bool
	Imports      []string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
	Module       *struct{ Path string }
}

// list loads every package of the module. Their direct imports are enough: a path down the ladder is made of steps down.
func list(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e",
		"-json=ImportPath,Dir,Name,Doc,Standard,Imports,GoFiles,TestGoFiles,XTestGoFiles,Module", "./...")
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []listed
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if len(packages) < 5 {
		t.Fatalf("only %d packages: the list is not that of the module", len(packages))
	}
	return packages
}

func inside(path string) string { return strings.TrimPrefix(path, module+"/") }

func isOurs(path string) bool { return strings.HasPrefix(path, module+"/") }

func TestImportLadder(t *testing.T) {
	for _, p := range list(t) {
		from, ok := locate(inside(p.ImportPath))
		if !ok {
			t.Errorf("%s: folder %q is not known; register it and its rung in folders of test/arch/rules.go", p.ImportPath, from.folder)
			continue
		}
		for _, imported := range p.Imports {
			if isDriver(imported) && !mayUseDriver(from) {
				t.Errorf("%s imports %s: drivers belong into engine folders (adapters) and driverPlumbing", p.ImportPath, imported)
			}
			if !isOurs(imported) {
				continue
			}
			to, ok := locate(inside(imported))
			if !ok {
				continue // said at that package itself
			}
			if ok, why := mayImport(from, to); !ok {
				t.Errorf("%s (%v) imports %s (%v): %s", p.ImportPath, from.layer, imported, to.layer, why)
			}
		}
	}
}

func TestPackageNames(t *testing.T) {
	for _, p := range list(t) {
		if slices.Contains(badNames, p.Name) || slices.Contains(badNames, filepath.Base(p.ImportPath)) {
			t.Errorf("%s: name the package after what it holds", p.ImportPath)
		}
		if p.Doc == "" && len(p.GoFiles) > 0 {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

func TestGoroutinesHaveOwners(t *testing.T) {
	for _, p := range list(t) {
		at, _ := locate(inside(p.ImportPath))
		_, owner := goroutines[inside(p.ImportPath)]
		if owner || at.layer == proof && at.folder != "test" { // a suite is a test in all but its file names
			continue
		}
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range goStatements(t, path, text) {
				t.Errorf("%s/%s:%d starts a goroutine; use a group that waits (sync.WaitGroup.Go, errgroup), or name owner and stop in goroutines of test/arch/rules.go",
					inside(p.ImportPath), name, line)
			}
		}
	}
}

// goStatements returns the lines with a go statement.
func goStatements(t *testing.T, name string, text []byte) (lines []int) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Error(err)
		return nil
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if statement, ok := n.(*ast.GoStmt); ok {
			lines = append(lines, set.Position(statement.Pos()).Line)
		}
		return true
	})
	return lines
}

func TestOwnersExist(t *testing.T) {
	packages := list(t)
	for path := range goroutines {
		if !slices.ContainsFunc(packages, func(p listed) bool { return inside(p.ImportPath) == path }) {
			t.Errorf("goroutines names %s, which is gone", path)
		}
	}
}

// The rules themselves: what they have to allow and to refuse.
func TestRules(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"money", "civil"}:                                    true,
		{"money", "stock"}:                                    false,
		{"internal/clock", "civil"}:                           true,
		{"internal/pgdb", "internal/migration"}:               true,
		{"internal/pgdb", "fault"}:                            true,
		{"internal/outbox", "event"}:                          true,
		{"internal/cache", "stock"}:                           false,
		{"internal/cache", "reservation"}:                     false,
		{"stock", "civil"}:                                    true,
		{"stock", "internal/clock"}:                           true,
		{"stock", "internal/telemetry"}:                       false,
		{"offer", "stock"}:                                    true,
		{"stock", "reservation"}:                              false,
		{"reservation", "stock"}:                              true,
		{"reservation", "payment"}:                            true,
		{"reservation", "payment/sandbox"}:                    false,
		{"reservation", "hotel"}:                              false,
		{"reservation", "reservation/desk"}:                   true,
		{"reservation", "reservation/sqlite"}:                 false,
		{"reservation", "internal/sqlitedb"}:                  false,
		{"reservation", "internal/telemetry"}:                 true,
		{"reservation/desk", "payment"}:                       true,
		{"reservation/reservationtest", "reservation"}:        true,
		{"reservation/sqlite", "reservation"}:                 true,
		{"reservation/sqlite", "reservation/postgres"}:        false,
		{"reservation/sqlite", "internal/sqlitedb"}:           true,
		{"reservation/sqlite", "payment"}:                     false,
		{"reservation/postgres/row", "reservation"}:           true,
		{"reservation/rpc", "reservation"}:                    true,
		{"reservation/rpc", "reservation/sqlite"}:             false,
		{"hotel", "reservation"}:                              true,
		{"hotel", "payment"}:                                  false,
		{"hotel", "rest"}:                                     false,
		{"hotel", "internal/app"}:                             false,
		{"payment", "reservation"}:                            false,
		{"rest", "hotel"}:                                     true,
		{"rest", "hotel/sqlite"}:                              false,
		{"rest", "hotel/hoteltest"}:                           false,
		{"rest", "reservation"}:                               true,
		{"gateway", "rest"}:                                   true,
		{"internal/app", "reservation/postgres"}:              true,
		{"internal/app", "rest"}:                              true,
		{"internal/app", "test/engine"}:                       false,
		{"cmd/holdfast", "internal/app"}:                      true,
		{"cmd/holdfast", "reservation"}:                       false,
		{"cmd/holdfast", "internal/telemetry"}:                true,
		{"internal/app", "cmd/holdfast"}:                      false,
		{"test/load", "reservation/postgres"}:                 true,
		{"test/load", "cmd/holdfast"}:                         false,
		{"test/engine/cmd/engines", "test/engine"}:            true,
		{"reservation/reservationtest", "internal/pgdb"}:      true,
		{"reservation/sqlite", "reservation/reservationtest"}: false,
		{"internal/app", "reservation/reservationtest"}:       false,
		{"feed", "feed/intake"}:                               false,
		{"feed/intake", "feed"}:                               true,
		{"feed/intake", "flight"}:                             false,
		{"feed/intake", "feed/intake/sqlite"}:                 false,
		{"feed/intake/sqlite", "feed/intake"}:                 true,
		{"feed/intake/sqlite", "feed/intake/relational"}:      true,
		{"feed/intake/sqlite", "feed/intake/postgres"}:        false,
		{"feed/intake/sqlite", "hotel"}:                       false,
		{"feed/intake/relational", "internal/pgdb"}:           false,
		{"feed/intake/relational", "internal/sqldb"}:          true,
		{"internal/pgdb", "internal/sqldb"}:                   true,
		{"feed/intake/intaketest", "feed/intake/sqlite"}:      true,
		{"feed/intake/sqlite", "feed/intake/intaketest"}:      false,
		{"rest", "feed/intake"}:                               true,
		{"rest", "feed/intake/sqlite"}:                        false,
		{"internal/app", "feed/intake/postgres"}:              true,
	} {
		from, ok1 := locate(pair[0])
		to, ok2 := locate(pair[1])
		if !ok1 || !ok2 {
			t.Errorf("%v: not located", pair)
			continue
		}
		if got, why := mayImport(from, to); got != want {
			t.Errorf("%s imports %s: allowed is %t, want %t (%s)", pair[0], pair[1], got, want, why)
		}
	}
	if _, ok := locate("ferry"); ok {
		t.Error("a folder nobody registered was located")
	}
	for path, want := range map[string]bool{
		"reservation": false, "reservation/sqlite": true, "reservation/rpc": false, "internal/pgdb": true,
		"internal/folder": false, "internal/sqldb": false, "internal/app": false, "rest": false, "test/load": true, "stock": false, "cmd/holdfast": false,
		"feed": false, "feed/intake": false, "feed/intake/postgres": true,
	} {
		if p, _ := locate(path); mayUseDriver(p) != want {
			t.Errorf("%s may use a driver: %t, want %t", path, !want, want)
		}
	}
	for path, want := range map[string]bool{
		"github.com/jackc/pgx/v5/pgxpool": true, "github.com/jackc/pgxmock": false, "database/sql": true, "database/sql/driver": true,
		"modernc.org/sqlite": true, "modernc.org/libc": false,
	} {
		if isDriver(path) != want {
			t.Errorf("%s is a driver: %t, want %t", path, !want, want)
		}
	}
}

func TestGoStatements(t *testing.T) {
	const text = "package p\n\nfunc f() {\n\tgo f()\n\t_ = func() {\n\t\tgo func() {}()\n\t}\n\tf() // go\n}\n"
	if got := goStatements(t, "p.go", []byte(text)); !slices.Equal(got, []int{4, 6}) {
		t.Errorf("got lines %v, want 4 and 6", got)
	}
}
