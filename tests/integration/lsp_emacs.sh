#!/bin/sh
# Debian's Emacs with eglot attaches to the language server: diagnostics and formatting arrive in the
# editor, which is set up by docs/editors/emacs.el. Skipped (77) where either is missing.
set -eu
command -v emacs >/dev/null 2>&1 || exit 77
emacs --batch --eval "(condition-case nil (progn (package-initialize) (require 'eglot)) (error (kill-emacs 1)))" \
    >/dev/null 2>&1 || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
mkdir "$work/project" "$work/home"
printf 'logging {\nlevle = "info"\n}\n' >"$work/project/x.alloy"
cat >"$work/t.el" <<'LISP'
(package-initialize)
(load (concat (getenv "INVAR_SOURCE") "/docs/editors/emacs.el") nil t)
(setq eglot-sync-connect 20 eglot-connect-timeout 20)
(defun wait-for (what good)
  (let ((limit (+ (float-time) 30)))
    (while (not (funcall good))
      (when (> (float-time) limit) (error "no %s" what))
      (accept-process-output nil 0.05))))
(condition-case problem
    (progn
      (find-file (getenv "FILE"))
      (unless (eq major-mode 'alloy-mode) (error "the mode is %s" major-mode))
      (apply #'eglot (eglot--guess-contact))
      (wait-for "diagnostics" (lambda () (flymake-start) (flymake-diagnostics)))
      (unless (string-match-p "levle" (flymake-diagnostic-text (car (flymake-diagnostics))))
        (error "another diagnostic: %s" (flymake-diagnostic-text (car (flymake-diagnostics)))))
      (goto-char (point-min))
      (search-forward "levle")
      (replace-match "level")
      (eglot--signal-textDocument/didChange) ; what an idle timer does, which batch mode has not
      (wait-for "end of the diagnostics" (lambda () (flymake-start) (not (flymake-diagnostics))))
      (font-lock-ensure)
      (unless (eq (get-text-property (point-min) 'face) 'font-lock-type-face) (error "no colours"))
      (eglot-format-buffer)
      (unless (equal (buffer-string) "logging {\n\tlevel = \"info\"\n}\n")
        (error "formatted as %S" (buffer-string)))
      (set-buffer-modified-p nil)
      (kill-emacs 0))
  (error (message "%s" (error-message-string problem))
         (kill-emacs 1)))
LISP
mkdir "$work/bin"
ln -s "$INVAR_BIN" "$work/bin/invar"
PATH=$work/bin:$PATH HOME=$work/home FILE=$work/project/x.alloy timeout 100 emacs --batch -l "$work/t.el"
