"""The conductor: joins the instruments, keeps alerts and cases, serves people."""
