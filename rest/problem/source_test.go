package problem_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"holdfast/fault"
	"holdfast/rest/problem"
)

// word is what a code looks like.
var word = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// codeArgument says which argument of a call is a code, for the calls that make faults in this repository.
var codeArgument = map[string]int{
	"New": 1, "InvalidField": 1, "invalid": 1, "check": 2, "refuse": 1,
}

// TestEveryCodeOfTheSourceHasAPage reads the source of all services and looks up each reason that can reach a caller.
func TestEveryCodeOfTheSourceHasAPage(t *testing.T) {
	root := "../.."
	found := 0
	for _, dir := range []string{"fault", "identity", "hotel", "rail", "flight", "feed", "reservation", "payment", "offer", "rest", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && strings.HasSuffix(d.Name(), "test") {
				return fs.SkipDir
			}
			if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/sandbox/") {
				return nil
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if !strings.Contains(string(src), "fault.") && !strings.Contains(string(src), "verdicts") && !strings.Contains(path, "fault/") {
				return nil
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, src, 0)
			if err != nil {
				return nil //nolint:nilerr // somebody is writing it; the compiler complains louder
			}
			constants := constantsOf(file)
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CompositeLit:
					of := n.Type
					if list, ok := of.(*ast.ArrayType); ok {
						of = list.Elt
					}
					if t, ok := of.(*ast.SelectorExpr); ok && (t.Sel.Name == "Part" || t.Sel.Name == "Levy") {
						return false // the codes of price parts are no reasons
					}
				case *ast.CallExpr:
					i, ok := codeArgument[callee(n)]
					if !ok || len(n.Args) <= i {
						return true
					}
					code := textOf(n.Args[i], constants)
					if !word.MatchString(code) || i == 1 && callee(n) == "New" && !strings.Contains(exprText(n.Args[0]), "fault") && !strings.Contains(path, "fault/") {
						return true
					}
					found++
					known(t, set, n.Pos(), code)
					if kind, ok := kinds[kindName(n.Args[0])]; ok && callee(n) == "New" {
						if e, _ := problem.Find(code); e.Status != problem.Status(kind) {
							t.Errorf("%s: %q is made as a fault of status %d, but the table says %d", set.Position(n.Pos()), code, problem.Status(kind), e.Status)
						}
					}
				case *ast.KeyValueExpr:
					if k, ok := n.Key.(*ast.Ident); ok && (k.Name == "Reason" || k.Name == "Code") {
						if code := textOf(n.Value, constants); word.MatchString(code) {
							found++
							known(t, set, n.Pos(), code)
						}
					}
				}
				return true
			})
			return nil
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	if found < 30 {
		t.Fatalf("only %d codes were found in the source: this test no longer sees them", found)
	}
}

var kinds = map[string]fault.Kind{
	"Malformed": fault.Malformed, "Unauthenticated": fault.Unauthenticated, "PaymentFailed": fault.PaymentFailed, "Forbidden": fault.Forbidden,
	"NotFound": fault.NotFound, "Conflict": fault.Conflict, "Gone": fault.Gone, "Stale": fault.Stale, "Invalid": fault.Invalid,
	"Limited": fault.Limited, "Unavailable": fault.Unavailable, "Internal": fault.Internal,
}

func kindName(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		return s.Sel.Name
	}
	return ""
}

func known(t *testing.T, set *token.FileSet, pos token.Pos, code string) {
	t.Helper()
	if _, ok := problem.Find(code); !ok {
		t.Errorf("%s: code %q is not in the table of rest/problem", set.Position(pos), code)
	}
}

func callee(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

func exprText(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		if x, ok := s.X.(*ast.Ident); ok {
			return x.Name
		}
	}
	return ""
}

func textOf(e ast.Expr, constants map[string]string) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, _ := strconv.Unquote(e.Value)
		return s
	case *ast.Ident:
		return constants[e.Name]
	}
	return ""
}

func constantsOf(file *ast.File) map[string]string {
	out := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			for i, name := range v.Names {
				if i < len(v.Values) {
					out[name.Name] = textOf(v.Values[i], nil)
				}
			}
		}
		return true
	})
	return out
}
