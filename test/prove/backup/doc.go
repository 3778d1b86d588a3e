// Package backup proves `holdfast backup` and `holdfast restore`: a folder copied under load and brought back is a state
// from which everything resumes, and nothing else is taken for one.
package backup
