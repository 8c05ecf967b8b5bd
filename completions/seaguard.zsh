#compdef seaguard

_seaguard_completion() {
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _SEAGUARD_COMPLETE=complete_zsh seaguard)
}

compdef _seaguard_completion seaguard

